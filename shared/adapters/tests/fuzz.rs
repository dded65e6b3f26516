//! Every seed and every regression input of the fuzz targets `tokens` and `positions` (docs/fuzzing.md). `KEYWARD_UPDATE=1` writes the seeds
//! anew.

#![expect(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]
#![expect(clippy::print_stderr, reason = "which input is run is shown where it fails")]

#[path = "../../../tests/fuzz/inputs/empty_house.rs"]
mod empty_house;
#[path = "../../../tests/fuzz/inputs/headers.rs"]
mod headers;
#[path = "../../../tests/fuzz/inputs/issuers.rs"]
mod issuers;
#[path = "../../../tests/fuzz/inputs/one_item.rs"]
mod one_item;
#[path = "../../../tests/fuzz/inputs/positions.rs"]
mod positions;
#[path = "../../../tests/fuzz/replay.rs"]
mod replay;
#[path = "../../../tests/fuzz/inputs/tokens.rs"]
mod tokens;

use std::collections::BTreeSet;

use issuers::{ISSUERS, VERIFIERS};
use keyward_service::ports::table::Position;
use one_item::OneItem;
use replay::{Seeds, run_all};

/// A token of each issuer, its header and its claims, and values of other headers.
fn token_seeds() -> Seeds {
    let mut seeds = Seeds::new();
    for issuer in ISSUERS.iter() {
        let (name, header, claims) = (issuer.name, issuer.header(), issuer.claims());
        seeds.push((format!("{name}.jwt"), issuer.sign(header.as_bytes(), claims.as_bytes()).into_bytes()));
        seeds.push((format!("{name}.header.json"), header.into_bytes()));
        seeds.push((format!("{name}.claims.json"), claims.into_bytes()));
    }
    let entra = &ISSUERS[0];
    let claims = entra.claims();
    let token = entra.sign(entra.header().as_bytes(), claims.as_bytes());
    let of_provider = claims.replace("aaaabbbb-0000-cccc-1111-dddd2222eeee", "bbbbcccc-1111-dddd-2222-eeee3333ffff");
    let first_version =
        claims.replace("https://login.microsoftonline.com/", "https://sts.windows.net/").replace("/v2.0", "/");
    let everybody = ISSUERS.last().unwrap().claims();
    for (name, seed) in [
        ("provider-of-entra.claims.json", of_provider),
        ("version-1.claims.json", first_version),
        ("provider-of-everybody.claims.json", everybody.replace(r#""tid":"contoso""#, r#""x":{"y":[null,1.5e3]}"#)),
        ("anothers-person.json", ISSUERS[2].claims().replace(r#""anna""#, r#""services:orders""#)),
        ("authorization.txt", format!("Bearer {token}")),
        ("entity-tag.txt", "\"7\"".to_owned()),
        ("idempotency-key.txt", "0190b6f2-4f0c-7c3a-9d3e-1f0a5b6c7d8e".to_owned()),
    ] {
        seeds.push((name.to_owned(), seed.into_bytes()));
    }
    seeds
}

fn position_seeds() -> Seeds {
    let sorts = [
        ("ascii", "key/key-7"),
        ("cyrillic", "key/ключ"),
        ("long", &"key/key456789abcdef".repeat(51)),
        ("other", "ey/"),
    ];
    let (table, mut seeds) = (OneItem::new(), Seeds::new());
    for (name, sort) in sorts {
        seeds.push((format!("{name}.sort"), sort.as_bytes().to_vec()));
        for (number, position) in positions::handed_out(&table, sort).enumerate() {
            seeds.push((format!("{name}-{number}.position"), position.0.into_bytes()));
        }
    }
    seeds
}

#[test]
fn seeds_and_regressions_of_tokens() {
    let seeds = run_all("tokens", token_seeds, tokens::run);
    // A seed that nothing takes would lead the fuzzer nowhere.
    for issuer in ISSUERS.iter() {
        let seed = |kind: &str| {
            let name = format!("{}.{kind}", issuer.name);
            seeds.iter().find(|(found, _)| *found == name).map(|(_, seed)| seed.as_slice()).unwrap()
        };
        let token = str::from_utf8(seed("jwt")).unwrap().to_owned();
        for token in [token, issuer.sign(seed("header.json"), seed("claims.json"))] {
            let takes = VERIFIERS.iter().filter(|verifier| tokens::verify(verifier, &token, tokens::now()).is_ok());
            assert_eq!(takes.count(), 1, "{}", issuer.name);
        }
    }
    for (name, claims) in seeds.iter().filter(|(name, _)| name.ends_with(".claims.json")) {
        let is_taken = ISSUERS.iter().any(|issuer| {
            let token = issuer.sign(issuer.header().as_bytes(), claims);
            VERIFIERS.iter().any(|verifier| tokens::verify(verifier, &token, tokens::now()).is_ok())
        });
        assert!(is_taken, "{name} is to get through");
    }
}

#[test]
fn seeds_and_regressions_of_positions() {
    let seeds = run_all("positions", position_seeds, positions::run);
    let table = OneItem::new();
    let positions = seeds.iter().filter(|(name, _)| name.ends_with(".position"));
    let queries = positions.filter_map(|(_, seed)| {
        let text = String::from_utf8(seed.clone()).unwrap();
        positions::handed_back(&table, &Position(text))
    });
    assert_eq!(queries.collect::<BTreeSet<_>>().len(), 6, "a position of every query is to get through");
}
