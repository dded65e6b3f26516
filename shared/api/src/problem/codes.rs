//! The codes of all problems, in one table.

/// A row of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Code {
    /// The stable word.
    pub code: &'static str,
    /// HTTP status.
    pub status: u16,
    /// The number of the rule in `docs/rules.md` that it comes from.
    pub rule: Option<&'static str>,
    /// What it means.
    pub title: &'static str,
    /// What to do next, in one sentence.
    pub next_step: &'static str,
}

const fn row(status: u16, code: &'static str, title: &'static str, next_step: &'static str) -> Code {
    Code { code, status, rule: None, title, next_step }
}

const fn rule(
    rule: &'static str,
    status: u16,
    code: &'static str,
    title: &'static str,
    next_step: &'static str,
) -> Code {
    Code { code, status, rule: Some(rule), title, next_step }
}

/// The row of this code.
#[must_use]
pub fn code(wanted: &str) -> Option<&'static Code> {
    CODES.iter().find(|row| row.code == wanted)
}

/// The row of faults.
pub(super) const INTERNAL: Code = row(
    500,
    "internal",
    "A fault of the service",
    "Try again with the same Idempotency-Key; if it stays, tell the operator the time of the request.",
);

const EXPORT_ONE: &str =
    "Export only the one key and its certificate: openssl pkcs12 -export -inkey key.pem -in cert.pem -out key.pfx";
const WRITE_ANEW: &str = "Write the file anew: openssl pkcs12 -in old.pfx -out key.pem, then openssl pkcs12 -export -in key.pem -out key.pfx, then destroy key.pem.";
const WRAP_ANEW: &str = "Read the exchange key again and make the transfer blob anew with it.";
const SEAL_ANEW: &str = "Read the exchange key again and seal the message anew.";
const RESEAL_RIGHT: &str =
    "Seal it as a compact JWE with alg RSA-OAEP-256, enc A256GCM and the kid of the exchange key.";
const NEW_BLOB: &str =
    "Make the transfer blob with a tool for Azure Key Vault BYOK, version 1.0.0, and send the .byok file as it is.";
const NEW_KEY: &str = "Make a new key: openssl genrsa -out key.pem 2048";
const CHOOSE_SHORTER: &str = "Choose a shorter one.";

/// Every code that an answer can carry. Ordered by status, then by rule.
pub const CODES: &[Code] = &[
    // 400: malformed.
    row(400, "malformed_request", "The request is malformed", "Compare the request with the OpenAPI document."),
    row(400, "body_too_large", "The body is too large", "Send no more than the operation takes."),
    row(400, "invalid_id", "An identifier does not have its form", "Correct the identifier in the path."),
    // 401 and 403: the caller.
    row(401, "unauthenticated", "No valid token", "Send a bearer token of the configured issuer."),
    row(401, "token_expired", "The token has expired", "Sign in again."),
    row(401, "token_not_yet_valid", "The token is not valid yet", "Check the clocks of the issuer and the caller."),
    rule(
        "A5",
        401,
        "sign_in_too_old",
        "The sign-in is too old for this",
        "Sign in again (keyward login --anew), and repeat the request within the seconds that the problem names.",
    ),
    rule(
        "A6",
        403,
        "administrator_not_listed",
        "The caller is not on the tenant's list of administrators",
        "Ask an administrator who is on the list to do it, or to put you on the list.",
    ),
    rule(
        "A1",
        403,
        "forbidden",
        "The caller's role does not allow this",
        "Ask a person with one of the roles that the operation needs.",
    ),
    // 404 and 405: the address.
    rule("A2", 404, "not_found", "Not there, or not yours", "Check the identifiers and the tenant of your token."),
    row(405, "method_not_allowed", "The path does not take this method", "Use one of the methods in the Allow header."),
    // 409: a rule says no.
    row(409, "tenant_exists", "A tenant with this identifier is registered", "Choose another identifier."),
    row(
        409,
        "request_in_progress",
        "A request with this Idempotency-Key is still running",
        "Wait a few seconds and send the same request again.",
    ),
    rule(
        "K1",
        409,
        "too_few_seats",
        "Too few licensed seats",
        "Ask the contact that the problem names for more seats.",
    ),
    rule(
        "K1",
        409,
        "region_not_enabled",
        "The feature is not enabled in the region",
        "Ask the contact that the problem names to enable it, or choose another region.",
    ),
    rule("K1", 409, "already_opted_in", "The tenant has opted in", "Nothing is left to do; go on with a key."),
    rule("K1", 409, "not_opted_in", "The tenant has not opted in", "Opt the tenant in first."),
    rule(
        "K2",
        409,
        "key_exists",
        "The key was added before",
        "Use the key that the problem names, or bring another one.",
    ),
    rule(
        "K2",
        409,
        "region_not_of_tenant",
        "Not one of the tenant's regions",
        "Choose one of the regions that the problem lists.",
    ),
    rule(
        "K2",
        409,
        "too_many_keys",
        "The tenant has the most keys it can have",
        "Destroy a key that nothing depends on.",
    ),
    rule(
        "K5",
        409,
        "operation_running",
        "An operation of the tenant is running",
        "Wait until the operation that the problem names has finished.",
    ),
    rule("K5", 409, "environments_locked", "Environments of the tenant are locked", "Unlock or delete them first."),
    rule(
        "K5",
        409,
        "key_change_too_soon",
        "The key was changed too recently",
        "Wait until then, or have another administrator roll the change back.",
    ),
    rule(
        "K7",
        409,
        "key_barred",
        "The tenant was rolled away from this key",
        "Wait until then, or activate another key.",
    ),
    rule(
        "K7",
        409,
        "nothing_to_roll_back",
        "There is no key change to roll back",
        "Read the tenant to see its last key change.",
    ),
    rule(
        "K7",
        409,
        "rollback_of_rollback",
        "A rollback cannot be rolled back",
        "Activate the key that is wanted, once it is not barred any more.",
    ),
    rule("K7", 409, "rollback_closed", "The time for a rollback is over", "Activate the former key instead."),
    rule(
        "K7",
        409,
        "same_administrator",
        "The author of a key change cannot roll it back",
        "Ask another administrator of the tenant.",
    ),
    rule("K8", 409, "key_destroyed", "The key is destroyed", "Use another key; a destroyed one never comes back."),
    rule("K8", 409, "key_active", "The key is active", "Activate another key first."),
    rule(
        "K8",
        409,
        "key_in_use",
        "The key is still needed",
        "Wait until then, or first see to the environments and backups that the problem names.",
    ),
    row(409, "environment_exists", "An environment with this identifier is registered", "Choose another identifier."),
    rule("E1", 409, "already_protected", "The environment is protected", "Nothing is left to do."),
    rule(
        "E1",
        409,
        "not_protected",
        "The environment is not protected",
        "Nothing is left to do; it is managed by the provider's key.",
    ),
    rule(
        "E1",
        409,
        "too_many_generations",
        "The environment has the most data key generations it can have",
        "Leave it as it is, or ask the operator to raise the limit.",
    ),
    rule(
        "E2",
        409,
        "environment_locked",
        "The environment is locked",
        "Present the key that locked, then unlock the environment, before deletionAt.",
    ),
    row(409, "backup_exists", "A backup with this identifier is registered", "Choose another identifier."),
    rule("E3", 409, "backup_expired", "The backup is no longer retained", "Choose a backup that still is."),
    rule(
        "E3",
        409,
        "retention_out_of_range",
        "The retention is not allowed",
        "Give an instant in the future, within the days that the problem names.",
    ),
    rule(
        "E3",
        409,
        "key_gone",
        "The key that wraps the backup is gone",
        "Choose a backup that another key wraps; this one cannot be read any more.",
    ),
    rule("E4", 409, "name_not_confirmed", "The name was not stated", "State the exact name in statedName."),
    rule("L1", 409, "no_active_key", "The tenant has no active key", "Activate a key first."),
    rule(
        "L1",
        409,
        "possession_not_proven",
        "Possession of the active key is not proven",
        "Send the active key's file with its password, or sign a new challenge with it.",
    ),
    rule(
        "L1",
        409,
        "challenge_not_usable",
        "The challenge is unknown, used or expired",
        "Ask for a new challenge and sign that.",
    ),
    rule("L2", 409, "lock_not_open", "Locking is not open yet", "Wait until then, and ask again."),
    rule("L3", 409, "no_environments", "There is nothing to lock", "Register an environment first."),
    rule(
        "L3",
        409,
        "already_locked",
        "The tenant is locked",
        "Nothing is left to do; read the tenant to see until when.",
    ),
    rule(
        "L3",
        409,
        "too_many_open_locks",
        "Too many locks still hold environments",
        "Unlock or delete the environments of earlier locks.",
    ),
    rule("L4", 409, "wrong_key", "Not the key that locked", "Present the key that the problem names."),
    rule(
        "L4",
        409,
        "key_file_required",
        "The private part of the key is not in the vault",
        "Bring the key that the problem names again: upload its file, or import a transfer blob of it.",
    ),
    rule(
        "L4",
        409,
        "key_not_presented",
        "The key that locked has not been presented",
        "Upload the file of the key that the problem names, or import a transfer blob of it; activate it, then unlock.",
    ),
    rule("L4", 409, "not_locked", "The environment is not locked", "Nothing is left to do."),
    rule("L5", 409, "not_due", "This is not due", "Wait until it is."),
    rule(
        "L6",
        409,
        "no_such_generation",
        "There is no such data key generation",
        "Ask for one from 1 to the newest that the problem names.",
    ),
    rule(
        "A6",
        409,
        "administrator_too_new",
        "The caller has become an administrator too recently",
        "Wait until then, or ask an administrator who has been one for longer.",
    ),
    rule(
        "A6",
        409,
        "last_administrator",
        "None of the present administrators would be left",
        "Keep one who has been an administrator for longer than the wait; remove that one once the new ones have waited.",
    ),
    rule(
        "A6",
        409,
        "too_many_administrators",
        "The tenant would have too many administrators",
        "List fewer, or wait until those that were removed lately do not count any more.",
    ),
    rule(
        "A7",
        409,
        "too_few_administrators",
        "There would be no second administrator to approve",
        "Have at least as many administrators as the problem names.",
    ),
    rule("A7", 409, "quorum_not_required", "Nothing needs approval in this tenant", "Ask for the operation itself."),
    rule("A7", 409, "approval_not_needed", "The operation needs no approval", "Ask for the operation itself."),
    rule(
        "A7",
        409,
        "too_many_approvals",
        "Too many requests for approval are open",
        "Use or leave those that are open; each ends by itself a day after it was made.",
    ),
    rule(
        "A7",
        409,
        "approval_of_own_request",
        "Nobody approves what they asked for",
        "Ask another administrator of the tenant.",
    ),
    rule(
        "A7",
        409,
        "approval_of_other_plan",
        "Approval is asked for another plan",
        "List the approvals, read the plan that is asked for, and give its hash.",
    ),
    rule(
        "A7",
        409,
        "approval_required",
        "A second administrator has to approve this",
        "Ask for approval (request-approval), have another administrator give it, then send the same request again.",
    ),
    // 410: for good.
    rule(
        "L5",
        410,
        "environment_deleted",
        "The environment was deleted",
        "Nothing brings it back; its data keys are destroyed.",
    ),
    // 412: stale.
    row(412, "plan_changed", "The plan has changed", "Read the new plan, and send its hash if it is still wanted."),
    row(
        412,
        "precondition_failed",
        "The state has changed",
        "Read it again and repeat the request if it is still wanted.",
    ),
    // 422: understood, but unusable.
    row(
        422,
        "idempotency_key_reused",
        "The Idempotency-Key was used for another request",
        "Choose a new Idempotency-Key for a new request.",
    ),
    rule(
        "K3",
        422,
        "key_size_not_allowed",
        "The key size is not allowed",
        "Use an RSA key of an allowed size: openssl genrsa -out key.pem 2048",
    ),
    rule(
        "K3",
        422,
        "empty_password",
        "The password is empty",
        "Export the key again with a password that is not empty.",
    ),
    rule(
        "K3",
        422,
        "unencrypted_key",
        "The file holds a private key in the clear",
        "Export the key again with encryption; with openssl, without -keypbe NONE.",
    ),
    rule("K3", 422, "not_rsa", "The key is not an RSA key", NEW_KEY),
    row(
        422,
        "wrong_password",
        "The password does not open the file",
        "Check the password, its capitals and the keyboard layout; then check that the file arrived unchanged.",
    ),
    row(422, "password_too_long", "The password is too long", CHOOSE_SHORTER),
    row(422, "no_mac", "The file has no MAC", "Export the key again, without -nomac."),
    row(422, "not_pfx", "The file is not a PFX", EXPORT_ONE),
    row(
        422,
        "not_pem",
        "The file is not a PEM",
        "Give a PEM file of the key; one in DER becomes it by: openssl pkey -inform DER -in key.der -out key.pem",
    ),
    row(
        422,
        "pem_unsupported",
        "The PEM file has a form that is not taken",
        "Write the key anew: openssl pkcs8 -topk8 -in old.pem -out key.pem; a key of OpenSSH first becomes a PEM by: ssh-keygen -p -m PEM -f old.pem",
    ),
    row(422, "not_der", "The file's encoding is not taken", WRITE_ANEW),
    row(422, "damaged", "The file is damaged", "Copy or export the file again; it did not arrive whole."),
    row(422, "file_too_large", "The file is too large", EXPORT_ONE),
    row(422, "nested_too_deep", "The file nests too deeply", EXPORT_ONE),
    row(422, "too_many_bags", "The file holds too many bags", EXPORT_ONE),
    row(422, "too_many_iterations", "The file asks for too much key derivation", WRITE_ANEW),
    row(422, "too_much_memory", "The file asks for too much memory for key derivation", WRITE_ANEW),
    row(422, "unsupported_algorithm", "The file uses an algorithm that is not supported", WRITE_ANEW),
    row(422, "no_key", "The file holds no private key", "Export the certificate with its private key."),
    row(422, "several_keys", "The file holds several private keys", "Export a file with only the one key."),
    row(422, "weak_key", "The key is not sound", NEW_KEY),
    row(422, "name_not_allowed", "The name cannot be written into a file", CHOOSE_SHORTER),
    row(
        422,
        "instant_not_allowed",
        "The instant cannot be written into a certificate",
        "Check the clock of the machine.",
    ),
    row(422, "too_long_to_wrap", "Too long for the key to wrap", "Wrap a data key and encrypt the content with that."),
    row(
        422,
        "not_unwrapped",
        "It cannot be unwrapped",
        "Check that it was wrapped under this key and for this purpose.",
    ),
    row(
        422,
        "wrong_signature",
        "The signature does not fit",
        "Sign the exact bytes of the challenge with RSA-PSS, SHA-256, salt of 32 bytes.",
    ),
    row(422, "cryptography_failed", "A cryptographic operation failed", "Try again; if it stays, check the machine."),
    row(422, "sealed_too_long", "The sealed message is too long", "Send less at once."),
    row(422, "sealed_malformed", "The sealed message is malformed", RESEAL_RIGHT),
    row(422, "sealed_unsupported", "The sealed message uses an unsupported algorithm", RESEAL_RIGHT),
    row(422, "not_opened", "The sealed message does not open", SEAL_ANEW),
    row(422, "not_sealed", "Sealing failed", "Try again with the exchange key as it was read."),
    row(422, "not_sealed_for_this_vault", "Sealed to another exchange key", SEAL_ANEW),
    row(422, "byok_too_large", "The transfer blob is too large", "Make the transfer blob of the one RSA key alone."),
    row(422, "byok_malformed", "The file is not a transfer blob", NEW_BLOB),
    row(422, "byok_unsupported", "The transfer blob is of another version or wrapped in another way", NEW_BLOB),
    row(
        422,
        "byok_not_offered",
        "The vault takes no transfer blobs",
        "Ask the provider for a vault with an HSM, or bring the key as a PFX file.",
    ),
    row(422, "byok_other_vault", "The transfer blob is for another vault", WRAP_ANEW),
    row(
        422,
        "byok_unknown_version",
        "The transfer blob is for a version of the exchange key that is not in use",
        WRAP_ANEW,
    ),
    row(422, "byok_not_for_this_vault", "The transfer blob does not open with this vault's exchange key", WRAP_ANEW),
    row(422, "unusable_key_file", "The key file cannot be used", EXPORT_ONE),
    // 429 and 5xx: later.
    rule(
        "A8",
        429,
        "too_many_attempts",
        "Too many attempts with a password or a proof failed",
        "Wait until then; check the file with keyward key check meanwhile, which costs no attempt.",
    ),
    row(429, "too_many_requests", "Too many requests", "Wait as long as Retry-After says."),
    INTERNAL,
    row(
        503,
        "unavailable",
        "Something that the service needs does not answer",
        "Try again with the same Idempotency-Key after Retry-After.",
    ),
];
