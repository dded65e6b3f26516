"""Signs as the tool of an HSM would, and checks signatures of Keyward, with Python's `cryptography`.

Takes the file `message` and, for each size, makes a key of its own; prints for each its public key and its
signatures, by the way they were made. Checks `signature` of the same message under key.pem.
"""

import base64
import hashlib
import json

import cryptography
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed

SHA256 = hashes.SHA256()


def pss(salt, mgf_hash=SHA256):
    return padding.PSS(padding.MGF1(mgf_hash), salt)


WAYS = {
    "salt of 32 bytes": (pss(32), SHA256),
    "salt as long as the digest": (pss(padding.PSS.DIGEST_LENGTH), SHA256),
    "no salt": (pss(0), SHA256),
    "salt of 20 bytes": (pss(20), SHA256),
    "longest salt": (pss(padding.PSS.MAX_LENGTH), SHA256),
    "MGF1 with SHA-1": (pss(32, hashes.SHA1()), SHA256),
    "SHA-1": (pss(32, hashes.SHA1()), hashes.SHA1()),
    "SHA-384": (pss(48, hashes.SHA384()), hashes.SHA384()),
    "SHA-512": (pss(64, hashes.SHA512()), hashes.SHA512()),
    "PKCS#1 v1.5": (padding.PKCS1v15(), SHA256),
}

with open("message", "rb") as file:
    message = file.read()

with open("key.pem", "rb") as file:
    keyward = serialization.load_pem_private_key(file.read(), None).public_key()
with open("signature", "rb") as file:
    keyward.verify(file.read(), message, pss(32), SHA256)

keys = []
for bits in (2048, 3072, 4096):
    key = rsa.generate_private_key(65537, bits)
    signatures = {way: key.sign(message, *how) for way, how in WAYS.items()}
    # What goes to an HSM is the digest, not the message.
    signatures["digest only, salt of 32 bytes"] = key.sign(hashlib.sha256(message).digest(), pss(32), Prehashed(SHA256))
    signatures["another message"] = key.sign(message + b"\n", pss(32), SHA256)
    spki = key.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    keys.append({
        "bits": bits,
        "spki": base64.b64encode(spki).decode(),
        "signatures": {way: base64.b64encode(signature).decode() for way, signature in signatures.items()},
    })

print(json.dumps({"version": cryptography.__version__, "keys": keys}))
