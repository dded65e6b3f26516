//! `make deploy` takes packages that fit the checkout and the parameter, and no others: packages.py in a checkout of its own.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// A checkout with a template of two functions and their sources.
struct Checkout(PathBuf);

impl Checkout {
    fn new(name: &str) -> Self {
        let root = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("packages-{name}"));
        let _ = std::fs::remove_dir_all(&root);
        let checkout = Self(root);
        let parameter = "Parameters:\n  Architecture:\n    Type: String\n    Default: x86_64\n";
        let functions = ["read-tenant", "lock-tenant"];
        let functions: String =
            functions.map(|name| format!("      CodeUri: ../../target/package/{name}.zip\n")).concat();
        checkout.write("infra/aws/template.yaml", &(parameter.to_owned() + &functions));
        checkout.write("Cargo.toml", "[workspace]");
        checkout.write("functions/src/lib.rs", "fn one() {}");
        checkout.write("shared/domain/src/lib.rs", "fn two() {}");
        checkout
    }

    fn write(&self, path: &str, content: &str) {
        let path = self.0.join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, content).unwrap();
    }

    fn run(&self, arguments: &[&str]) -> Output {
        let program = Path::new(env!("CARGO_MANIFEST_DIR")).join("packages.py");
        let mut command = Command::new("python3");
        // Not the repository around it.
        command.env("GIT_CEILING_DIRECTORIES", env!("CARGO_TARGET_TMPDIR"));
        command.arg(program).arg("--root").arg(&self.0).args(arguments).output().unwrap()
    }

    /// Packages as package.sh does.
    fn package(&self, architecture: &str, names: &[&str]) {
        let sources = String::from_utf8(self.run(&["sources"]).stdout).unwrap();
        for name in names {
            self.write(&format!("target/package/{name}.zip"), &format!("{name} {architecture} {sources}"));
        }
        let arguments = [&["stamp", "--sources", sources.trim(), "--architecture", architecture], names].concat();
        let told = self.run(&arguments);
        assert!(told.status.success(), "{told:?}");
    }

    /// Why `make deploy` would refuse, if it would.
    fn refusal(&self, config: Option<&str>) -> Option<String> {
        self.write("deploy.toml", config.unwrap_or_default());
        let file = self.0.join("deploy.toml");
        let arguments: &[&str] =
            if config.is_some() { &["check", "--config", file.to_str().unwrap()] } else { &["check"] };
        let told = self.run(arguments);
        (!told.status.success()).then(|| String::from_utf8(told.stderr).unwrap())
    }
}

const BOTH: [&str; 2] = ["read-tenant", "lock-tenant"];

#[track_caller]
fn says(refusal: Option<String>, words: &[&str]) {
    let refusal = refusal.unwrap();
    for word in words {
        assert!(refusal.contains(word), "{word:?} is not in {refusal:?}");
    }
}

#[test]
fn packages_of_these_sources_are_deployed() {
    let checkout = Checkout::new("fit");
    says(checkout.refusal(None), &["no packages of lock-tenant, read-tenant", "make package"]);
    checkout.package("x86_64", &BOTH);
    assert_eq!(checkout.refusal(None), None);
    // What is in no package changes nothing.
    checkout.write("docs/deploy.md", "new");
    checkout.write("shared/domain/tests/new.rs", "new");
    checkout.write("functions/benches/new.rs", "new");
    assert_eq!(checkout.refusal(None), None);
}

#[test]
fn packages_of_other_sources_are_not() {
    let checkout = Checkout::new("stale");
    checkout.package("x86_64", &BOTH);
    checkout.write("shared/domain/src/lib.rs", "fn three() {}");
    says(checkout.refusal(None), &["lock-tenant, read-tenant", "other sources", "make package"]);
    // Some of them anew: a mixture.
    checkout.package("x86_64", &["read-tenant"]);
    says(checkout.refusal(None), &["packages of lock-tenant were built from other sources"]);
    checkout.package("x86_64", &["lock-tenant"]);
    assert_eq!(checkout.refusal(None), None);
    checkout.write("shared/domain/src/new.rs", "");
    assert!(checkout.refusal(None).is_some());
}

#[test]
fn packages_for_another_processor_are_not() {
    let checkout = Checkout::new("processor");
    checkout.package("arm64", &BOTH);
    says(checkout.refusal(None), &["for x86_64", "are for arm64", "ARCHITECTURE=x86_64 make package"]);
    checkout.package("x86_64", &["lock-tenant"]);
    says(checkout.refusal(None), &["packages of read-tenant are for arm64"]);
}

#[test]
fn the_processor_is_what_the_configuration_says_in_any_of_sam_s_forms() {
    let checkout = Checkout::new("configuration");
    checkout.package("arm64", &BOTH);
    for parameters in [
        "[default.deploy.parameters.parameter_overrides]\nArchitecture = \"arm64\"",
        "[default.deploy.parameters]\nparameter_overrides = \"Memory=512 Architecture=arm64\"",
        "[default.deploy.parameters]\nparameter_overrides = \"Memory=\\\"512\\\" Architecture=\\\"arm64\\\"\"",
        "[default.deploy.parameters]\nparameter_overrides = [\"ParameterKey=Architecture,ParameterValue=arm64\"]",
        "[default.global.parameters.parameter_overrides]\nArchitecture = \"arm64\"",
    ] {
        assert_eq!(checkout.refusal(Some(parameters)), None, "{parameters}");
    }
    let other = "[default.deploy.parameters.parameter_overrides]\nArchitecture = \"x86_64\"";
    says(checkout.refusal(Some(other)), &["deploy.toml says so", "are for arm64"]);
    says(checkout.refusal(Some("[default.deploy.parameters]\nregion = \"eu-central-1\"")), &["for x86_64"]);
    let elsewhere = "[default.deploy.parameters]\nparameter_overrides = \"file://other.yaml\"";
    says(checkout.refusal(Some(elsewhere)), &["another file"]);
}

#[test]
fn a_package_that_came_in_another_way_is_not_deployed() {
    let checkout = Checkout::new("unknown");
    checkout.package("x86_64", &BOTH);
    checkout.write("target/package/read-tenant.zip", "another");
    says(checkout.refusal(None), &["not known", "read-tenant"]);
}
