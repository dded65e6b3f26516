//! PFX files with PBMAC1 (RFC 9579), which few programs write yet: who made those that were read.

use super::pfx_openssl::knows;
use super::programs::succeed;
use super::{Matrix, in_words, openssl, outcome, pfx_java};
use crate::openssl::Openssl;
use crate::{pbmac1, written};

#[test]
fn pbmac1_of_whoever_writes_it() {
    let mut matrix = Matrix::new("pfx-pbmac1");
    for (appendix, file) in [("A.1", pbmac1::published()), ("A.3", pbmac1::published_sha512())] {
        assert_eq!(pbmac1::read(&file), Ok(()));
        let (encryption, mac) = in_words(&pbmac1::inspected(&file));
        matrix.add(format!("the file of RFC 9579, appendix {appendix} → Keyward: {encryption}; MAC"), mac, "read");
    }
    of_openssl(&mut matrix);
    of_java(&mut matrix);
    matrix.say("Python cryptography: it does not write PBMAC1: not tried");
    matrix.write();
}

fn of_openssl(matrix: &mut Matrix) {
    let maker = openssl();
    if !knows("-pbmac1_pbkdf2") {
        matrix.say(format!("{maker}: it does not write PBMAC1 (3.4 and later do): not tried"));
        return;
    }
    let bench = Openssl::with_key();
    for hash in ["sha256", "sha384", "sha512"] {
        let options = format!("-pbmac1_pbkdf2 -macalg {hash} -iter 50");
        assert_eq!(outcome(matrix, &maker, &options, &bench.export(&options)), "read");
    }
}

fn of_java(matrix: &mut Matrix) {
    let Some(maker) = pfx_java::version() else {
        matrix.say("keytool: it is not on the PATH: PBMAC1 of Java not tried");
        return;
    };
    let bench = Openssl::new();
    bench.put("in.pfx", &written());
    for hash in ["SHA256", "SHA384", "SHA512"] {
        let setting = format!("-J-Dkeystore.pkcs12.macAlgorithm=PBEWithHmac{hash}");
        let output = pfx_java::export(&bench, &setting);
        // Old ones take the name for a MAC of the old kind, which they then don't find.
        if !output.status.success() && String::from_utf8_lossy(&output.stdout).contains("HmacPBEHMAC") {
            matrix.say(format!("{maker}: it does not write PBMAC1 (newer ones do): not tried"));
            return;
        }
        succeed(output);
        assert_eq!(outcome(matrix, &maker, &setting, &bench.get("out.pfx")), "read");
    }
}
