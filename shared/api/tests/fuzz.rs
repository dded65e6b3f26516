//! Every seed and every regression input of the fuzz target `api_bodies` (docs/fuzzing.md).

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
#![expect(clippy::print_stderr, reason = "which input is run is shown where it fails")]

#[path = "../../../tests/fuzz/inputs/api_bodies.rs"]
mod input;

use std::fs;
use std::path::Path;

use keyward_api::requests::{
    ActivateKeyRequest, ChallengeAnswer, DeleteEnvironmentRequest, GenerateKeyRequest, GiveApprovalRequest,
    ImportKeyRequest, LeaseDataKeyRequest, LockTenantRequest, RegisterBackupRequest, RegisterEnvironmentRequest,
    RegisterTenantRequest, RequestApprovalRequest, SetAdministratorsRequest, SetQuorumRequest, UploadKeyRequest,
};
use keyward_api::{Problem, parse_body};
use serde::de::DeserializeOwned;

fn files(kind: &str) -> Vec<(String, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fuzz").join(kind).join("api_bodies");
    // A target without a regression has no such folder.
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let paths = entries.map(|entry| entry.unwrap().path());
    paths.map(|path| (path.file_name().unwrap().to_string_lossy().into_owned(), fs::read(&path).unwrap())).collect()
}

#[test]
fn seeds_and_regressions_of_api_bodies() {
    for (name, input) in files("seeds").iter().chain(&files("regressions")) {
        eprintln!("api_bodies: {name}");
        input::run(input);
    }
}

/// A seed that nothing takes would lead the fuzzer nowhere.
#[test]
fn the_seeds_are_bodies_that_are_taken() {
    fn taken<T: DeserializeOwned>(body: &[u8]) -> Option<Problem> {
        parse_body::<T>(body).err()
    }
    let seeds = files("seeds");
    for (name, refused) in [
        ("register-tenant.json", taken::<RegisterTenantRequest> as fn(&[u8]) -> Option<Problem>),
        ("register-environment.json", taken::<RegisterEnvironmentRequest>),
        ("set-administrators.json", taken::<SetAdministratorsRequest>),
        ("set-quorum.json", taken::<SetQuorumRequest>),
        ("request-approval.json", taken::<RequestApprovalRequest>),
        ("give-approval.json", taken::<GiveApprovalRequest>),
        ("generate-key.json", taken::<GenerateKeyRequest>),
        ("upload-key.json", taken::<UploadKeyRequest>),
        ("import-key.json", taken::<ImportKeyRequest>),
        ("plan.json", taken::<ActivateKeyRequest>),
        ("revert.json", taken::<DeleteEnvironmentRequest>),
        ("register-backup.json", taken::<RegisterBackupRequest>),
        ("answer.json", taken::<ChallengeAnswer>),
        ("lock-file.json", taken::<LockTenantRequest>),
        ("lock-answer.json", taken::<LockTenantRequest>),
        ("lease.json", taken::<LeaseDataKeyRequest>),
    ] {
        let (_, seed) = seeds.iter().find(|(found, _)| found == name).unwrap();
        assert_eq!(refused(seed), None, "{name}");
    }
}
