//! A table of a local cloud: DynamoDB's interface at an address of this machine.

use aws_sdk_dynamodb::config::{BehaviorVersion, Credentials, Region, StalledStreamProtectionConfig};
use aws_sdk_dynamodb::{Client, Config};
use aws_smithy_http_client::Builder;

use super::dynamo::DynamoTable;

impl DynamoTable {
    /// The table `name` of a server at `endpoint`, for example `http://127.0.0.1:4566`, which checks no signature. Nothing is
    /// sent yet.
    #[must_use]
    pub fn of_local_cloud(endpoint: &str, region: &str, name: impl Into<String>) -> Self {
        let configuration = Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new(region.to_owned()))
            .endpoint_url(endpoint)
            .credentials_provider(Credentials::new("local", "local", None, None, "local cloud"))
            .stalled_stream_protection(StalledStreamProtectionConfig::disabled())
            .http_client(Builder::new().build_http())
            .build();
        Self::new(Client::from_conf(configuration), name)
    }
}
