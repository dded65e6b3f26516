// An OpenID provider, oauth2-mock-server, on an address of this machine. Prints its issuer; then answers each line of standard input, a JSON
// object, with one line. It ends with its input. The folder of the modules is in KEYWARD_NODE_MODULES.
//
//   {"add": "RS256"}                      a new key of this algorithm beside the others; its kid
//   {"replace": "RS256"}                  the same, and the others are gone
//   {"kid": …, "claims": {…}}             a token with these claims beside its own; the token

import { createRequire } from 'node:module';
import { createInterface } from 'node:readline';
import { pathToFileURL } from 'node:url';

const require = createRequire(process.env.KEYWARD_NODE_MODULES + '/');
const { OAuth2Server } = await import(pathToFileURL(require.resolve('oauth2-mock-server')));

const host = '127.0.0.1';
let server;

async function start(port) {
  server = new OAuth2Server();
  await server.start(port, host);
  // By itself it would call itself localhost.
  server.issuer.url = `http://${host}:${server.address().port}`;
}

const add = async (alg) => (await server.issuer.keys.generate(alg)).kid;

async function answer({ add: alg, replace, kid, claims }) {
  if (alg) {
    return add(alg);
  }
  if (replace) {
    const { port } = server.address();
    await server.stop();
    await start(port);
    return add(replace);
  }
  return server.issuer.buildToken({ kid, scopesOrTransform: (_header, payload) => Object.assign(payload, claims) });
}

await start(0);
console.log(JSON.stringify(server.issuer.url));
for await (const line of createInterface({ input: process.stdin })) {
  console.log(JSON.stringify(await answer(JSON.parse(line))));
}
await server.stop();
