// Seals and opens messages with `jose`; the same requests and answers as jwe.py. The folder of the modules is
// in KEYWARD_NODE_MODULES.

import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

const modules = process.env.KEYWARD_NODE_MODULES;
const jose = await import(pathToFileURL(createRequire(modules + '/').resolve('jose')));
const { version } = JSON.parse(readFileSync(join(modules, 'jose', 'package.json'), 'utf8'));

const text = (name) => readFileSync(name, 'utf8');

async function seal({ header, plain, form }) {
  const key = header.alg.startsWith('RSA') ? await jose.importSPKI(text('public.pem'), header.alg) : readFileSync('secret');
  const options = { crit: { exp: true } };
  const content = Buffer.from(plain, 'base64');
  if (form === 'compact') {
    return new jose.CompactEncrypt(content).setProtectedHeader(header).encrypt(key, options);
  }
  if (form === 'flattened') {
    return JSON.stringify(await new jose.FlattenedEncrypt(content).setProtectedHeader(header).encrypt(key, options));
  }
  const message = new jose.GeneralEncrypt(content).setProtectedHeader(header).addRecipient(key).done();
  return JSON.stringify(await message.encrypt());
}

async function open(sealed) {
  const key = await jose.importPKCS8(text('key.pem'), 'RSA-OAEP-256');
  const only = { keyManagementAlgorithms: ['RSA-OAEP-256'], contentEncryptionAlgorithms: ['A256GCM'] };
  const { plaintext } = await jose.compactDecrypt(sealed, key, only);
  return Buffer.from(plaintext).toString('base64');
}

const work = { seal, open }[process.argv[2]];
const answers = [];
for (const request of JSON.parse(text('requests.json'))) {
  answers.push(await work(request).then(
    (done) => ({ done }),
    (error) => ({ refused: String(error) }),
  ));
}
console.log(JSON.stringify({ version, answers }));
