//! E3: a backup records the generations it needs. Restore is refused while locked, after deletion, and where the key that wraps those
//! generations is gone.

use crate::{Backup, Context, Instant, KeyState, Rejection, Tenant, WrappingKey};

/// The retention begins in the future and is not longer than the deployment allows.
///
/// # Errors
/// [`Rejection::RetentionOutOfRange`].
pub fn is_retention_allowed(retained_until: Instant, context: &Context<'_>) -> Result<(), Rejection> {
    let longest = context.settings.longest_backup_retention.delta();
    if retained_until > context.now && retained_until - context.now <= longest {
        Ok(())
    } else {
        Err(Rejection::RetentionOutOfRange { most_days: longest.num_days() })
    }
}

/// The backup is still retained, and the key that wraps its generations can unwrap.
///
/// # Errors
/// [`Rejection::BackupExpired`], [`Rejection::KeyGone`] or, where presenting the key again mends it, [`Rejection::KeyFileRequired`].
pub fn is_restorable(tenant: &Tenant, backup: &Backup, context: &Context<'_>) -> Result<(), Rejection> {
    if context.now >= backup.retained_until {
        return Err(Rejection::BackupExpired { until: backup.retained_until });
    }
    let WrappingKey::Protection { key: id } = &backup.wrapped_by else { return Ok(()) };
    match tenant.key(id) {
        Some(key) if key.state != KeyState::Destroyed && key.in_vault => Ok(()),
        Some(key) if key.state != KeyState::Destroyed => Err(Rejection::KeyFileRequired { key: id.clone() }),
        _ => Err(Rejection::KeyGone { key: id.clone() }),
    }
}
