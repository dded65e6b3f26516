//! A request: its body, its query, its path.

use std::fmt::Debug;

use keyward_api::requests::{
    ActivateKeyRequest, ChallengeAnswer, DeleteEnvironmentRequest, DestroyKeyRequest, EmptyRequest, GenerateKeyRequest,
    GiveApprovalRequest, ImportKeyRequest, LeaseDataKeyRequest, LockTenantRequest, RegisterBackupRequest,
    RegisterEnvironmentRequest, RegisterTenantRequest, RequestApprovalRequest, RestoreBackupRequest,
    RevertEnvironmentRequest, RollBackKeyRequest, SealedKeyFile, SetAdministratorsRequest, SetQuorumRequest,
    UploadKeyRequest,
};
use keyward_api::{Found, MOST_PER_PAGE, PathParameters, Problem, ROUTES, find, parse_body, percent_encoded};
use serde::{Serialize, de::DeserializeOwned};

/// Longest detail of a problem that is made here, in characters.
const LONGEST_DETAIL: usize = 500;

/// Takes the input as the body of every request, as what is sealed, as every route's query, and as a path.
pub(crate) fn run(input: &[u8]) {
    bodies(input);
    if let Ok(text) = str::from_utf8(input) {
        queries(text);
        path(text);
    }
}

fn bodies(input: &[u8]) {
    body::<RegisterTenantRequest>(input);
    body::<SetAdministratorsRequest>(input);
    body::<SetQuorumRequest>(input);
    body::<RequestApprovalRequest>(input);
    body::<GiveApprovalRequest>(input);
    body::<RegisterEnvironmentRequest>(input);
    body::<GenerateKeyRequest>(input);
    body::<UploadKeyRequest>(input);
    body::<ImportKeyRequest>(input);
    body::<ActivateKeyRequest>(input);
    body::<RollBackKeyRequest>(input);
    body::<DestroyKeyRequest>(input);
    body::<RestoreBackupRequest>(input);
    body::<RevertEnvironmentRequest>(input);
    body::<DeleteEnvironmentRequest>(input);
    body::<EmptyRequest>(input);
    body::<RegisterBackupRequest>(input);
    body::<ChallengeAnswer>(input);
    body::<LockTenantRequest>(input);
    body::<LeaseDataKeyRequest>(input);
    if let Err(problem) = SealedKeyFile::parse(input) {
        refused(&problem);
    }
}

/// What is taken is read as the same when it is sent again.
fn body<T: Serialize + DeserializeOwned + PartialEq + Debug>(input: &[u8]) {
    match parse_body::<T>(input) {
        Ok(request) => {
            let again = serde_json::to_vec(&request).unwrap();
            assert_eq!(parse_body::<T>(&again).as_ref(), Ok(&request));
        }
        Err(problem) => refused(&problem),
    }
}

fn queries(text: &str) {
    for route in ROUTES {
        match route.read_query(text) {
            Ok(query) => assert!(query.limit.is_none_or(|limit| (1..=MOST_PER_PAGE).contains(&limit)), "{query:?}"),
            Err(problem) => refused(&problem),
        }
    }
}

/// Whatever path is found, its parameters lead back to it.
fn path(text: &str) {
    for method in ["GET", "POST", "PUT"] {
        if let Found::Route(route, parameters) = find(method, text) {
            let values: Vec<_> = route.parameters().map(|name| (name, parameters.get(name).unwrap())).collect();
            let filled = route.fill(&values).unwrap();
            // Encoded, a path can become too long to be found.
            if filled.len() <= text.len() {
                assert_eq!(find(method, &filled), Found::Route(route, parameters.clone()));
            }
            identifiers(&parameters);
        }
    }
    let encoded = percent_encoded(text, b"");
    assert!(encoded.is_ascii() && encoded.len() <= 3 * text.len());
}

fn identifiers(parameters: &PathParameters) {
    let problems = [
        parameters.tenant().err(),
        parameters.environment().err(),
        parameters.key().err(),
        parameters.backup().err(),
        parameters.approval().err(),
        parameters.operation().err(),
    ];
    problems.iter().flatten().for_each(refused);
}

/// A refusal is of the kind that a caller causes, short, and can be sent.
fn refused(problem: &Problem) {
    assert!((400..500).contains(&problem.status), "{problem:?}");
    assert!(problem.detail.chars().count() <= LONGEST_DETAIL, "{problem:?}");
    serde_json::to_string(problem).unwrap();
}
