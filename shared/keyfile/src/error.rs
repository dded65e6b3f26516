//! What can be wrong with a key file, and how to mend it.

use crate::KeyBits;

/// Why a key file, a key or a password is not taken.
///
/// The display text says what is wrong, [`code`](Self::code) says it to a program, and
/// [`next_step`](Self::next_step) says what to do. None of them holds a secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KeyFileError {
    /// The password is empty.
    #[error("the password is empty")]
    EmptyPassword,
    /// The password is longer than this crate takes.
    #[error("the password is longer than {limit} bytes")]
    PasswordTooLong {
        /// Longest password, in bytes.
        limit: usize,
    },
    /// The file is longer than allowed.
    #[error("the file has {bytes} bytes; at most {limit} are read")]
    FileTooLarge {
        /// Length of the file.
        bytes: usize,
        /// Longest file, in bytes.
        limit: usize,
    },
    /// It isn't a PFX file at all.
    #[error("the file is not a PFX (PKCS#12) file: {found}")]
    NotPfx {
        /// What it looks like instead.
        found: &'static str,
    },
    /// It isn't a PEM file, or not one of what is wanted.
    #[error("the file is not a PEM file of the kind that is wanted: {found}")]
    NotPem {
        /// What it looks like instead.
        found: &'static str,
    },
    /// A PEM file in a form that isn't taken.
    #[error("the PEM file has {what}, which is not supported")]
    PemUnsupported {
        /// What it has.
        what: String,
    },
    /// The file is in an encoding looser than DER.
    #[error("the encoding is BER of a kind that is not taken, not DER")]
    NotDer,
    /// A part of the file can't be read.
    #[error("the {part} is damaged")]
    Damaged {
        /// The part.
        part: &'static str,
    },
    /// Elements are nested too deeply.
    #[error("the file nests deeper than {limit} levels")]
    NestedTooDeep {
        /// Deepest nesting.
        limit: usize,
    },
    /// There are too many bags.
    #[error("the file holds more than {limit} bags")]
    TooManyBags {
        /// Most bags.
        limit: usize,
    },
    /// The file asks for more key derivation than allowed.
    #[error("the file asks for {asked} iterations of key derivation; at most {limit} are done")]
    TooManyIterations {
        /// Iterations asked for so far, summed over the file.
        asked: u64,
        /// Most iterations.
        limit: u32,
    },
    /// The file asks for more memory for key derivation than allowed.
    #[error("the file asks for {asked} bytes of memory for key derivation; at most {limit} are taken")]
    TooMuchMemory {
        /// Bytes asked for.
        asked: u64,
        /// Most bytes.
        limit: u64,
    },
    /// There is no MAC.
    #[error("the file has no MAC, so neither its password nor its content can be checked")]
    NoMac,
    /// The MAC doesn't fit the password.
    #[error("the password is wrong, or the file was changed after it was written")]
    WrongPassword,
    /// A key lies in a bag without encryption.
    #[error("the file holds a private key in an unencrypted bag")]
    UnencryptedKey,
    /// A cryptographic algorithm that isn't supported.
    #[error("the {part} uses {algorithm}, which is not supported")]
    UnsupportedAlgorithm {
        /// Part of the file.
        part: &'static str,
        /// The algorithm's name or object identifier.
        algorithm: String,
    },
    /// There is no private key.
    #[error("the file holds no private key")]
    NoKey,
    /// There are several private keys.
    #[error("the file holds {} private keys: {}", names.len(), names.join(", "))]
    SeveralKeys {
        /// Their friendly names; a nameless one is `(no name)`.
        names: Vec<String>,
    },
    /// The key isn't an RSA key.
    #[error("the key is not an RSA key")]
    NotRsa,
    /// The RSA key's size isn't allowed.
    #[error("the key has {bits} bits; allowed are {}", sizes(allowed))]
    KeySizeNotAllowed {
        /// Length of the modulus.
        bits: usize,
        /// Sizes that are allowed.
        allowed: Vec<KeyBits>,
    },
    /// The key's numbers don't make a sound RSA key.
    #[error("the key is not sound: {why}")]
    WeakKey {
        /// What is wrong with it.
        why: &'static str,
    },
    /// The name can't be written into a file.
    #[error("the name must have 1 to {limit} characters and no control characters")]
    NameNotAllowed {
        /// Longest name, in characters.
        limit: usize,
    },
    /// The instant can't be written into a certificate.
    #[error("the instant is outside the years 1970 to 9898")]
    InstantNotAllowed,
    /// What is to be wrapped doesn't fit under the key.
    #[error("{bytes} bytes are too many to wrap; at most {limit} fit under this key")]
    TooLongToWrap {
        /// Bytes given.
        bytes: usize,
        /// Bytes that fit.
        limit: usize,
    },
    /// Unwrapping failed. It isn't said why, so that the answer can't be used as an oracle.
    #[error("it can't be unwrapped with this key and context")]
    NotUnwrapped,
    /// The signature doesn't fit the message and the key.
    #[error("the signature does not fit the message and the key")]
    WrongSignature,
    /// A transfer blob is longer than allowed.
    #[error("the transfer blob has {bytes} bytes; at most {limit} are read")]
    ByokTooLarge {
        /// Its length.
        bytes: usize,
        /// Longest blob, in bytes.
        limit: usize,
    },
    /// A transfer blob isn't of the agreed form.
    #[error("it is not a transfer blob (BYOK): its {part} is malformed")]
    ByokMalformed {
        /// The part.
        part: &'static str,
    },
    /// A transfer blob of another version, or wrapped in another way.
    #[error("the transfer blob has {what}; only version 1.0.0 with dir and CKM_RSA_AES_KEY_WRAP is taken")]
    ByokUnsupported {
        /// What it has.
        what: &'static str,
    },
    /// The vault has no exchange key for transfer blobs.
    #[error("the vault takes no transfer blobs")]
    ByokNotOffered,
    /// A transfer blob names an exchange key of another vault.
    #[error("the transfer blob names an exchange key of another vault")]
    ByokOtherVault,
    /// A transfer blob names this vault's exchange key, but no version of it that is in use.
    #[error("the transfer blob names a version of this vault's exchange key that is not in use")]
    ByokUnknownVersion,
    /// A transfer blob doesn't open. It isn't said why, so that the answer can't be used as an oracle.
    #[error("the transfer blob is wrapped for another exchange key, or it was changed")]
    ByokNotForThisVault,
    /// The cryptographic library failed where it should not.
    #[error("a cryptographic operation failed")]
    CryptographyFailed,
}

impl KeyFileError {
    /// The reason as a stable word.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::EmptyPassword => "empty_password",
            Self::PasswordTooLong { .. } => "password_too_long",
            Self::FileTooLarge { .. } => "file_too_large",
            Self::NotPfx { .. } => "not_pfx",
            Self::NotPem { .. } => "not_pem",
            Self::PemUnsupported { .. } => "pem_unsupported",
            Self::NotDer => "not_der",
            Self::Damaged { .. } => "damaged",
            Self::NestedTooDeep { .. } => "nested_too_deep",
            Self::TooManyBags { .. } => "too_many_bags",
            Self::TooManyIterations { .. } => "too_many_iterations",
            Self::TooMuchMemory { .. } => "too_much_memory",
            Self::NoMac => "no_mac",
            Self::WrongPassword => "wrong_password",
            Self::UnencryptedKey => "unencrypted_key",
            Self::UnsupportedAlgorithm { .. } => "unsupported_algorithm",
            Self::NoKey => "no_key",
            Self::SeveralKeys { .. } => "several_keys",
            Self::NotRsa => "not_rsa",
            Self::KeySizeNotAllowed { .. } => "key_size_not_allowed",
            Self::WeakKey { .. } => "weak_key",
            Self::NameNotAllowed { .. } => "name_not_allowed",
            Self::InstantNotAllowed => "instant_not_allowed",
            Self::TooLongToWrap { .. } => "too_long_to_wrap",
            Self::NotUnwrapped => "not_unwrapped",
            Self::WrongSignature => "wrong_signature",
            Self::ByokTooLarge { .. } => "byok_too_large",
            Self::ByokMalformed { .. } => "byok_malformed",
            Self::ByokUnsupported { .. } => "byok_unsupported",
            Self::ByokNotOffered => "byok_not_offered",
            Self::ByokOtherVault => "byok_other_vault",
            Self::ByokUnknownVersion => "byok_unknown_version",
            Self::ByokNotForThisVault => "byok_not_for_this_vault",
            Self::CryptographyFailed => "cryptography_failed",
        }
    }

    /// What to do about it.
    #[must_use]
    pub fn next_step(&self) -> &'static str {
        match self {
            Self::EmptyPassword => "Export the key again with a password that is not empty.",
            Self::PasswordTooLong { .. } | Self::NameNotAllowed { .. } => "Choose a shorter one.",
            Self::FileTooLarge { .. } | Self::TooManyBags { .. } | Self::NestedTooDeep { .. } => EXPORT_ONE,
            Self::NotPfx { .. } => {
                "Make a PFX of the key and its certificate: \
                 openssl pkcs12 -export -inkey key.pem -in cert.pem -out key.pfx"
            }
            Self::NotPem { .. } => {
                "Give a PEM file of the key; one in DER becomes it by: openssl pkey -inform DER -in key.der -out key.pem"
            }
            Self::PemUnsupported { .. } => {
                "Write the key anew: openssl pkcs8 -topk8 -in old.pem -out key.pem; \
                 a key of OpenSSH first becomes a PEM by: ssh-keygen -p -m PEM -f old.pem"
            }
            Self::NotDer
            | Self::TooManyIterations { .. }
            | Self::TooMuchMemory { .. }
            | Self::NoMac
            | Self::UnencryptedKey => WRITE_ANEW,
            Self::UnsupportedAlgorithm { .. } => WRITE_OLD_ANEW,
            Self::Damaged { .. } => "Copy or export the file again; it did not arrive whole.",
            Self::WrongPassword => {
                "Check the password, its capitals and the keyboard layout; \
                 then check that the file arrived unchanged."
            }
            Self::NoKey => {
                "Export with the private key: openssl pkcs12 -export -inkey key.pem \
                 -in cert.pem -out key.pfx; on Windows, tick \"export the private key\"."
            }
            Self::SeveralKeys { .. } => WRITE_ONE_ANEW,
            Self::NotRsa | Self::KeySizeNotAllowed { .. } => {
                "Use an RSA key of an allowed size: openssl genrsa -out key.pem 2048"
            }
            Self::WeakKey { .. } => "Make a new key: openssl genrsa -out key.pem 2048",
            Self::InstantNotAllowed => "Check the clock of the machine.",
            Self::TooLongToWrap { .. } => "Wrap a data key and encrypt the content with that.",
            Self::NotUnwrapped => "Check that it was wrapped under this key and for this purpose.",
            Self::WrongSignature => "Sign the exact bytes of the challenge with RSA-PSS, SHA-256, salt of 32 bytes.",
            Self::ByokTooLarge { .. } => "Make the transfer blob of the one RSA key alone.",
            Self::ByokMalformed { .. } | Self::ByokUnsupported { .. } => {
                "Make the transfer blob with a tool for Azure Key Vault BYOK, version 1.0.0, \
                 and send the .byok file as it is."
            }
            Self::ByokNotOffered => "Ask the provider for a vault with an HSM, or bring the key as a PFX file.",
            Self::ByokOtherVault | Self::ByokUnknownVersion | Self::ByokNotForThisVault => {
                "Read the exchange key again and make the transfer blob anew with it."
            }
            Self::CryptographyFailed => "Try again; if it stays, check the machine.",
        }
    }
}

const EXPORT_ONE: &str = "Export only the one key and its certificate: \
     openssl pkcs12 -export -inkey key.pem -in cert.pem -out key.pfx";

const WRITE_ANEW: &str = "Write the file anew: openssl pkcs12 -in old.pfx -out key.pem, \
     then openssl pkcs12 -export -in key.pem -out key.pfx, then destroy key.pem.";

/// openssl keeps the algorithms of before in a provider of its own.
const WRITE_OLD_ANEW: &str = "Write the file anew: openssl pkcs12 -legacy -in old.pfx -out key.pem, \
     then openssl pkcs12 -export -in key.pem -out key.pfx, then destroy key.pem.";

const WRITE_ONE_ANEW: &str = "Export a file with only the one key: openssl pkcs12 -in old.pfx -out key.pem, \
     then delete the other keys from key.pem, \
     then openssl pkcs12 -export -in key.pem -out key.pfx, then destroy key.pem.";

fn sizes(allowed: &[KeyBits]) -> String {
    let sizes: Vec<String> = allowed.iter().map(|size| size.bits().to_string()).collect();
    sizes.join(", ")
}
