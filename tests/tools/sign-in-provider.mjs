// An OpenID provider to sign in at, oauth2-mock-server, on an address of this machine: with PKCE, and refresh tokens that are good once.
// Prints its issuer; then answers each line of standard input, a JSON object, with one line. It ends with its input. The folder of the
// modules is in KEYWARD_NODE_MODULES.
//
//   {"set": {"expires_in": 30}}           from now on: what tokens say of their life, in seconds
//   {"set": {"claims": {…}}}              claims of access tokens beside its own
//   {"set": {"deny": "access_denied"}}    the person does not agree; null: does
//   {"set": {"refuse": "invalid_grant"}}  the token endpoint refuses; null: does not
//   {"seen": true}                        what was asked of the token endpoint and at the revocation since, without the secrets

import { createRequire } from 'node:module';
import { createInterface } from 'node:readline';
import { pathToFileURL } from 'node:url';

const require = createRequire(process.env.KEYWARD_NODE_MODULES + '/');
const { OAuth2Server } = await import(pathToFileURL(require.resolve('oauth2-mock-server')));

const host = '127.0.0.1';
const state = { expires_in: 3600, claims: {}, deny: null, refuse: null };
const redirects = new Map();
let seen = [];
let good = null;
let tokens = 0;

const server = new OAuth2Server();
await server.issuer.keys.generate('RS256');
await server.start(0, host);
server.issuer.url = `http://${host}:${server.address().port}`;

// Only access tokens have a scope; an identity token stays as it is.
server.service.on('beforeTokenSigning', (token) => {
  if (token.payload.scope !== undefined) {
    tokens += 1;
    Object.assign(token.payload, { jti: `t${tokens}` }, state.claims);
  }
});

server.service.on('beforeAuthorizeRedirect', (redirect, { query }) => {
  seen.push({ at: 'authorize', ...query, state: undefined, code_challenge: undefined });
  if (state.deny) {
    redirect.url.searchParams.delete('code');
    redirect.url.searchParams.set('error', state.deny);
    redirect.url.searchParams.set('error_description', 'the person said no');
    return;
  }
  redirects.set(redirect.url.searchParams.get('code'), query.redirect_uri);
});

server.service.on('beforeResponse', (response, { body }) => {
  seen.push({ at: 'token', grant_type: body.grant_type, client_id: body.client_id, audience: body.audience, proof: 'code_verifier' in body });
  const is_code = body.grant_type === 'authorization_code';
  const fits = is_code ? redirects.get(body.code) === body.redirect_uri : body.refresh_token === good;
  redirects.delete(body.code);
  if (state.refuse || !fits) {
    response.statusCode = 400;
    response.body = { error: state.refuse ?? 'invalid_grant', error_description: 'it was not this one' };
    return;
  }
  good = response.body.refresh_token;
  response.body.expires_in = state.expires_in;
});

server.service.on('beforeRevoke', (_response, { body }) => seen.push({ at: 'revoke', body: typeof body }));

console.log(JSON.stringify(server.issuer.url));
for await (const line of createInterface({ input: process.stdin })) {
  const asked = JSON.parse(line);
  Object.assign(state, asked.set);
  console.log(JSON.stringify(asked.seen ? seen : true));
  if (asked.seen) {
    seen = [];
  }
}
await server.stop();
