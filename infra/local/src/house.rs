//! Who does the operations: this process, or the functions of a local cloud.

use axum::http;
use keyward_adapters::http::{Gate, failure};
use keyward_api::Problem;
use keyward_domain::Instant;
use keyward_service::{
    Keyward, ServiceError,
    ports::table::TableError,
    sweeps::{Sweep, SweepReport},
};

use crate::cloud::{Cloud, CloudError};

/// Who does the operations.
pub(crate) enum House {
    /// This process.
    Here(Gate),
    /// The functions of a local cloud.
    Cloud(Cloud),
}

impl House {
    /// The operations, for what is asked beside the API.
    pub(crate) fn keyward(&self) -> &Keyward {
        match self {
            Self::Here(gate) => gate.keyward(),
            Self::Cloud(cloud) => &cloud.keyward,
        }
    }

    /// Answers a request.
    pub(crate) async fn answer(&self, request: http::Request<Vec<u8>>, now: Instant) -> http::Response<Vec<u8>> {
        match self {
            Self::Here(gate) => gate.answer(request, now).await.map(Into::into),
            Self::Cloud(cloud) => cloud.answer(request).await.unwrap_or_else(|error| {
                tracing::error!(%error, "a request did not get through");
                failure(&Problem::unavailable("the local cloud does not answer"), now).map(Into::into)
            }),
        }
    }

    /// Runs a sweep at an instant. A cloud's functions read the same clock.
    ///
    /// # Errors
    /// As the sweep's own.
    pub(crate) async fn sweep(&self, sweep: Sweep, at: Instant) -> Result<SweepReport, ServiceError> {
        match self {
            Self::Here(gate) => gate.keyward().sweep(sweep, at).await,
            Self::Cloud(cloud) => cloud.sweep(sweep).await.map_err(unavailable),
        }
    }
}

fn unavailable(error: CloudError) -> ServiceError {
    ServiceError::Table(TableError::Unavailable { reason: error.to_string() })
}
