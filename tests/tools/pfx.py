"""Writes PFX files with Python's `cryptography`, and reads one of Keyward's.

pfx.py PASSWORD: takes key.pem and cert.pem and writes a file for each encryption and MAC, named in the JSON
list that it prints; then reads in.pfx, which has to hold the same key. Prints the version first.
"""

import json
import sys

import cryptography
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.serialization import PrivateFormat, pkcs12

password = sys.argv[1].encode()
with open("key.pem", "rb") as file:
    key = serialization.load_pem_private_key(file.read(), None)
with open("cert.pem", "rb") as file:
    certificate = x509.load_pem_x509_certificate(file.read())

names = []
for scheme in pkcs12.PBES:
    for mac in ("SHA1", "SHA224", "SHA256", "SHA384", "SHA512"):
        encryption = (
            PrivateFormat.PKCS12.encryption_builder()
            .kdf_rounds(50)
            .key_cert_algorithm(scheme)
            .hmac_hash(getattr(hashes, mac)())
            .build(password)
        )
        name = f"{scheme.name}-{mac}.pfx"
        with open(name, "wb") as file:
            file.write(pkcs12.serialize_key_and_certificates(b"outside", key, certificate, None, encryption))
        names.append(name)

# As it writes when it is told nothing but the password, and when it is told nothing at all.
for name, encryption in (
    ("best.pfx", serialization.BestAvailableEncryption(password)),
    ("open.pfx", serialization.NoEncryption()),
):
    with open(name, "wb") as file:
        file.write(pkcs12.serialize_key_and_certificates(b"outside", key, certificate, None, encryption))

with open("in.pfx", "rb") as file:
    back = pkcs12.load_pkcs12(file.read(), password)
assert back.key.private_numbers() == key.private_numbers()
assert back.cert.certificate.public_key().public_numbers() == key.public_key().public_numbers()
assert back.cert.friendly_name == b"blue"

print(json.dumps({"version": cryptography.__version__, "files": names}))
