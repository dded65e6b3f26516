#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use clap::{CommandFactory as _, Parser as _};

use super::*;

fn parse(line: &str) -> Result<CommandLine, clap::error::ErrorKind> {
    CommandLine::try_parse_from(std::iter::once("keyward").chain(line.split(' '))).map_err(|e| e.kind())
}

#[test]
fn the_grammar_is_consistent() {
    CommandLine::command().debug_assert();
}

#[test]
fn commands_are_read() {
    let lines = [
        "login --as alice --url http://127.0.0.1:7420 --tenant contoso",
        "login --list",
        "login",
        "login --issuer https://id.example.org --client-id c --scope a --scope b --audience u --resource urn:r",
        "login --scope a",
        "login --no-browser --anew",
        "login --device",
        "--token-file t whoami",
        "logout",
        "whoami --output json",
        "tenant register t --name T --region europe --seats 5000 --global-administrator a,A,a@example.org",
        "tenant opt-in",
        "tenant show --tenant contoso",
        "administrator list",
        "administrator add carol,Carol,carol@example.org --role service --confirm T",
        "administrator remove carol --dry-run",
        "administrator set --global-administrator a,A,a@example.org --service-administrator b,B,b@example.org",
        "quorum on",
        "quorum off --confirm T",
        "approval list",
        "approval request lock-tenant",
        "approval request delete-environment --environment e",
        "approval request destroy-key --key k1",
        "approval give ap-1",
        "approval give ap-1 --plan ab",
        "approval give ap-1 --confirm E",
        "audit list --verify",
        "key generate k1 --region europe --out k1.pfx",
        "key upload k.pfx",
        "key upload k.pfx --id k2 --region europe --password-stdin",
        "key import k.byok",
        "key import k.byok --id k3 --region europe --name Third",
        "key wrap k.pfx --out k.byok",
        "key wrap k.pem --out k.byok --exchange-key e.pem --kid https://v/keys/e/1 --password-stdin",
        "key list",
        "key show k1",
        "key activate k1",
        "key activate k1 --key-file k1.pfx --no-wait",
        "key roll-back --dry-run",
        "key destroy k1 --confirm k1",
        "key activate k1 --key-file k1.byok",
        "key check k1.pfx --password-file p",
        "key check k1.byok --exchange-key e.json",
        "exchange-key",
        "exchange-key --pem",
        "exchange-key --out e.json",
        "environment register e --name E --kind production --region europe --workload w --workload v",
        "env list --managed-by tenant --locked",
        "env show e",
        "env history e",
        "env protect e",
        "env revert e --confirm E",
        "env unlock e",
        "env delete e --dry-run",
        "backup register e b --retained-until 2027-01-31T00:00:00Z",
        "backup list e",
        "backup restore e b",
        "lock plan",
        "lock challenge --out m",
        "lock now --key-file k.pfx",
        "lock now --key-file k.pfx --send-key-file",
        "lock now --signature s --challenge c",
        "lock now --dry-run",
        "operation show o --wait",
        "data-key lease e --output-key k",
        "seal e",
        "seal e f -o g",
        "open f -o g",
        "clock show",
        "clock advance 28d",
        "mailbox list",
        "mailbox show 1",
        "completions bash",
        "man",
    ];
    for line in lines {
        assert!(parse(line).is_ok(), "{line}: {:?}", parse(line).err());
    }
}

#[test]
fn what_makes_no_sense_is_refused() {
    let lines = [
        "login --issuer https://id.example.org",
        "login --as alice --list",
        "login --as alice --issuer https://id.example.org --client-id c",
        "login --as alice --device",
        "login --list --no-browser",
        "login --device --no-browser",
        "login --client-secret s",
        "key generate k1 --region europe",
        "key generate K1 --region europe --out f",
        "key upload k.pfx --password-stdin --password-file f",
        "key upload k.pfx --password secret",
        "key import k.byok --password-stdin",
        "key wrap k.pfx",
        "key wrap k.pfx --out k.byok --kid k",
        "administrator add carol,Carol,carol@example.org",
        "administrator add carol,Carol,carol@example.org --role auditor",
        "administrator set",
        "quorum",
        "quorum show",
        "approval request protect-environment",
        "approval give",
        "approval give ap-1 --plan ab --confirm E",
        "lock now",
        "lock now --signature s",
        "lock now --challenge c",
        "lock now --send-key-file",
        "lock now --key-file k --signature s --challenge c",
        "data-key lease e --generation 0",
        "clock advance 28",
        "env list --managed-by nobody",
        "-q -v whoami",
    ];
    for line in lines {
        assert!(parse(line).is_err(), "{line}");
    }
}

#[test]
fn every_operation_is_named_in_some_help() {
    fn collect(command: &clap::Command, into: &mut String) {
        into.push_str(&command.get_about().map(ToString::to_string).unwrap_or_default());
        into.push('\n');
        for sub in command.get_subcommands() {
            collect(sub, into);
        }
    }
    let mut help = String::new();
    collect(&CommandLine::command(), &mut help);
    for operation in keyward_domain::OperationName::ALL {
        assert!(help.contains(operation.as_str()), "{operation}");
    }
}

#[test]
fn the_help_lists_the_exit_codes() {
    let help = CommandLine::command().render_help().to_string();
    for code in 0..=7 {
        assert!(help.contains(&format!("\n  {code}  ")), "{code}");
    }
}

#[test]
fn global_options_may_follow() {
    let line = parse("key list --output json -q").unwrap();
    assert_eq!(line.global.output, Format::Json);
    assert!(line.global.quiet);
}
