//! Signing in.

use clap::Args;

/// How to sign in.
#[derive(Clone, Debug, Args)]
pub(crate) struct LoginArguments {
    /// Sign in at the development issuer of a local server, as this name, for example alice.
    #[arg(long = "as", value_name = "NAME", conflicts_with_all = ["list", "provider"])]
    pub(crate) name: Option<String>,
    /// List the names that the development issuer knows.
    #[arg(long, conflicts_with = "provider")]
    pub(crate) list: bool,
    /// The identity provider.
    #[command(flatten)]
    pub(crate) provider: ProviderArguments,
}

/// Signing in at an identity provider. What is given is remembered for the server.
#[derive(Clone, Debug, Args)]
#[group(id = "provider", multiple = true)]
pub(crate) struct ProviderArguments {
    /// The identity provider's issuer, as it stands in its tokens, https://… [default: the one remembered].
    #[arg(long, value_name = "URL", requires = "client_id")]
    pub(crate) issuer: Option<String>,
    /// The identifier under which the command is registered there, as a public client.
    #[arg(long, value_name = "ID")]
    pub(crate) client_id: Option<String>,
    /// A scope to ask for, besides openid; may be given more than once.
    #[arg(long = "scope", value_name = "SCOPE", value_delimiter = ' ')]
    pub(crate) scopes: Vec<String>,
    /// The audience to ask for, at providers that want the parameter `audience`.
    #[arg(long, value_name = "AUDIENCE")]
    pub(crate) audience: Option<String>,
    /// The same at providers that want the parameter `resource` (RFC 8707).
    #[arg(long, value_name = "URI")]
    pub(crate) resource: Option<String>,
    /// Sign in on another device, by a code that is typed there (RFC 8628).
    #[arg(long, conflicts_with_all = ["no_browser", "anew"])]
    pub(crate) device: bool,
    /// The port of 127.0.0.1 that the browser comes back to, for providers that compare it [default: any that is free].
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..), conflicts_with = "device")]
    pub(crate) port: Option<u16>,
    /// Ask for no refresh token and keep none: sign in again when the token ends. To undo it, name --issuer again.
    #[arg(long)]
    pub(crate) no_refresh: bool,
    /// Only show the address; do not open the browser.
    #[arg(long)]
    pub(crate) no_browser: bool,
    /// Prove again who you are, though the browser is signed in: for what needs a fresh sign-in.
    #[arg(long)]
    pub(crate) anew: bool,
}
