//! The `openssl` program, run on files in a folder of its own.

use std::path::Path;
use std::process::Command;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use tempfile::TempDir;

/// A folder in which `openssl` runs. Without the program the tests fail and say so.
pub(crate) struct Openssl(TempDir);

impl Openssl {
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    /// A bench with the key of the tests in `key.pem` and a certificate in `cert.pem`.
    pub(crate) fn with_key() -> Self {
        let bench = Self::new();
        bench.put("key.pem", &pem("PRIVATE KEY", crate::KEY.pkcs8_der()));
        bench.run("req -x509 -new -key key.pem -subj /CN=outside -days 1 -out cert.pem");
        bench
    }

    pub(crate) fn put(&self, name: &str, content: &[u8]) {
        std::fs::write(self.path().join(name), content).unwrap();
    }

    pub(crate) fn get(&self, name: &str) -> Vec<u8> {
        std::fs::read(self.path().join(name)).unwrap()
    }

    /// Runs `openssl` with arguments that hold no spaces; gives back what it printed.
    pub(crate) fn run(&self, arguments: &str) -> Vec<u8> {
        self.run_with(&arguments.split(' ').collect::<Vec<_>>())
    }

    pub(crate) fn run_with(&self, arguments: &[&str]) -> Vec<u8> {
        let output = Command::new("openssl")
            .args(arguments)
            .current_dir(self.path())
            .output()
            .expect("these tests need the openssl program on the PATH");
        assert!(output.status.success(), "openssl {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        output.stdout
    }

    /// Exports `key.pem` and `cert.pem` as a PFX file under the tests' password.
    pub(crate) fn export(&self, options: &str) -> Vec<u8> {
        self.export_under(crate::PASSWORD, options)
    }

    pub(crate) fn export_under(&self, password: &str, options: &str) -> Vec<u8> {
        let pass = format!("pass:{password}");
        let mut arguments = vec![
            "pkcs12", "-export", "-inkey", "key.pem", "-in", "cert.pem", "-name", "outside", "-out", "out.pfx",
            "-passout", &pass,
        ];
        arguments.extend(options.split(' ').filter(|option| !option.is_empty()));
        self.run_with(&arguments);
        self.get("out.pfx")
    }

    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }
}

/// DER as PEM.
pub(crate) fn pem(label: &str, der: &[u8]) -> Vec<u8> {
    let text = STANDARD.encode(der);
    let lines: Vec<&str> = text.as_bytes().chunks(64).map(|line| std::str::from_utf8(line).unwrap()).collect();
    format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", lines.join("\n")).into_bytes()
}
