"""Seals and opens messages with Python's `jwcrypto`.

jwe.py seal: for each of requests.json, {"header", "plain", "form"}, the sealed message.
jwe.py open: for each of requests.json, a sealed message, its plaintext.
The keys are public.pem, key.pem and, where the alg wants a secret, the 32 bytes of the file `secret`. Prints
{"version", "answers"}, an answer being {"done": text} or {"refused": why}. Plaintexts are in base64.
"""

import base64
import importlib.metadata
import json
import sys

from jwcrypto import jwe, jwk
from jwcrypto.jws import JWSEHeaderParameter

# What is sealed here includes what nobody should use: all that the library can do is switched on.
ALL = jwe.default_allowed_algs + ["RSA1_5", "RSA-OAEP-384", "RSA-OAEP-512"]
EXTENSION = {"exp": JWSEHeaderParameter("an extension", True, True, None)}


def key_from(name):
    with open(name, "rb") as file:
        return jwk.JWK.from_pem(file.read())


def seal(request):
    header = request["header"]
    if header["alg"].startswith("RSA"):
        key = key_from("public.pem")
    else:
        with open("secret", "rb") as file:
            key = jwk.JWK(kty="oct", k=base64.urlsafe_b64encode(file.read()).decode().rstrip("="))
    message = jwe.JWE(
        base64.b64decode(request["plain"]), protected=json.dumps(header), algs=ALL, header_registry=EXTENSION
    )
    message.add_recipient(key, header="{}" if request["form"] == "general" else None)
    return message.serialize(compact=request["form"] == "compact")


def open_sealed(sealed):
    message = jwe.JWE(algs=["RSA-OAEP-256", "A256GCM"])
    message.deserialize(sealed, key_from("key.pem"))
    return base64.b64encode(message.payload).decode()


def answer(work, request):
    try:
        return {"done": work(request)}
    except Exception as error:  # whatever kind it is, it is a refusal
        return {"refused": repr(error)}


with open("requests.json", encoding="utf-8") as file:
    requests = json.load(file)
work = {"seal": seal, "open": open_sealed}[sys.argv[1]]
answers = [answer(work, request) for request in requests]
print(json.dumps({"version": importlib.metadata.version("jwcrypto"), "answers": answers}))
