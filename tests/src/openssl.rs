//! The `openssl` program, run on files in a folder of its own.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

use tempfile::TempDir;

pub struct Openssl(TempDir);

impl Default for Openssl {
    fn default() -> Self {
        Self(tempfile::tempdir().unwrap())
    }
}

impl Openssl {
    /// A folder with a new key in `key.pem` and its certificate in `cert.pem`.
    pub fn with_new_key(bits: u32) -> Self {
        let bench = Self::default();
        bench.run(&format!(
            "req -x509 -newkey rsa:{bits} -nodes -keyout key.pem -out cert.pem -subj /CN=outside -days 1"
        ));
        bench
    }

    /// A folder with the key of a PFX in `key.pem`.
    pub fn with_key_of(pfx: &[u8], password: &str) -> Self {
        let bench = Self::default();
        bench.put("in.pfx", pfx);
        let passed = format!("pass:{password}");
        bench.run_with(&["pkcs12", "-in", "in.pfx", "-nodes", "-nocerts", "-passin", &passed, "-out", "key.pem"]);
        bench
    }

    pub fn path(&self) -> &Path {
        self.0.path()
    }

    pub fn file(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub fn put(&self, name: &str, content: &[u8]) {
        std::fs::write(self.file(name), content).unwrap();
    }

    pub fn get(&self, name: &str) -> Vec<u8> {
        std::fs::read(self.file(name)).unwrap()
    }

    /// Runs `openssl` with arguments that hold no spaces; gives back what it printed.
    pub fn run(&self, arguments: &str) -> Vec<u8> {
        self.run_with(&arguments.split(' ').collect::<Vec<_>>())
    }

    pub fn run_with(&self, arguments: &[&str]) -> Vec<u8> {
        let mut command = Command::new("openssl");
        let output = command.args(arguments).current_dir(self.path()).output().expect("openssl is on the PATH");
        assert!(output.status.success(), "openssl {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        output.stdout
    }

    /// Exports `key.pem` and `cert.pem` as a PFX.
    pub fn export(&self, password: &str, options: &[&str]) -> Vec<u8> {
        let passed = format!("pass:{password}");
        let plain =
            ["pkcs12", "-export", "-inkey", "key.pem", "-in", "cert.pem", "-out", "out.pfx", "-passout", &passed];
        self.run_with(&[&plain[..], options].concat());
        self.get("out.pfx")
    }

    /// Signs with `key.pem`: RSA-PSS, SHA-256, salt of 32 bytes.
    pub fn sign_pss(&self, message: &[u8]) -> Vec<u8> {
        self.put("message", message);
        self.run(
            "dgst -sha256 -sign key.pem -sigopt rsa_padding_mode:pss -sigopt rsa_pss_saltlen:32 -out signature message",
        );
        self.get("signature")
    }

    /// The same by `pkeyutl`, which signs a digest.
    pub fn sign_pss_digest(&self, message: &[u8]) -> Vec<u8> {
        let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, message);
        self.put("digest", digest.as_ref());
        self.run("pkeyutl -sign -inkey key.pem -in digest -out signature -pkeyopt digest:sha256 -pkeyopt rsa_padding_mode:pss -pkeyopt rsa_pss_saltlen:32");
        self.get("signature")
    }
}
