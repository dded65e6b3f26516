//! `keyward tenant` and `keyward audit`.

use clap::{Args, Subcommand};
use keyward_domain::{Name, Region, TenantId};

/// Tenants.
#[derive(Debug, Subcommand)]
pub(crate) enum TenantCommand {
    /// Register a tenant (register-tenant; A1). For the provider's operator.
    Register(NewTenantArguments),
    /// Opt in to holding the tenant's own keys (opt-in-tenant; K1).
    OptIn,
    /// Show the tenant: its keys, its locks, when it can be locked, the quorum and who administers it (read-tenant).
    Show,
}

/// A new tenant.
#[derive(Debug, Args)]
pub(crate) struct NewTenantArguments {
    /// Its identifier.
    pub(crate) id: TenantId,
    /// Its name, typed to confirm a lock.
    #[arg(long)]
    pub(crate) name: Name,
    /// A region of it; give it once for each.
    #[arg(long = "region", value_name = "REGION", required = true)]
    pub(crate) regions: Vec<Region>,
    /// Licensed seats.
    #[arg(long, value_name = "SEATS")]
    pub(crate) seats: u32,
    /// A global administrator as person,name,email; give it once for each.
    #[arg(long = "global-administrator", value_name = "PERSON,NAME,EMAIL", required = true)]
    pub(crate) global_administrators: Vec<String>,
    /// A service administrator as person,name,email; give it once for each.
    #[arg(long = "service-administrator", value_name = "PERSON,NAME,EMAIL")]
    pub(crate) service_administrators: Vec<String>,
}

/// The audit log.
#[derive(Debug, Subcommand)]
pub(crate) enum AuditCommand {
    /// List everything that was decided (list-audit-events; A4).
    List {
        /// Compute the hash chain again: says which event was changed, if one was.
        #[arg(long)]
        verify: bool,
    },
}
