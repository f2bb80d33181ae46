// An OpenID provider (npm oidc-provider) that believes a bank's word about ended sessions.
//
// oidc-provider issues logout tokens to its own clients, and takes none: no provider need. So the door that
// takes ours stands here, a dozen lines over its public models, and verifies with jose, the library that
// oidc-provider itself signs and verifies with. Sign-in, consent, tokens, introspection and refresh are its own.
//
// usage: node provider.mjs KEYS_URL TRUSTED_ISSUER CLIENT_LOGOUT_URI; prints its address, ends with its input.

import { createServer } from 'node:http';

import { createRemoteJWKSet, jwtVerify } from 'jose';
import Provider from 'oidc-provider';

const [keysUrl, trustedIssuer, clientLogoutUri] = process.argv.slice(2);
const AUDIENCE = 'countermand-peer';
const LOGOUT_EVENT = 'http://schemas.openid.net/event/backchannel-logout';
const TOKENS = ['AccessToken', 'RefreshToken', 'AuthorizationCode'];
const seen = new Set();

// What the provider keeps, by kind and id; unlike its own memory adapter this one can be asked for a person's.
class Shelf {
  static kinds = new Map();

  constructor(kind) {
    this.rows = new Map();
    Shelf.kinds.set(kind, this.rows);
  }

  async upsert(id, payload) { this.rows.set(id, payload); }

  async find(id) { return this.rows.get(id); }

  async findByUid(uid) { return [...this.rows.values()].find((row) => row.uid === uid); }

  async findByUserCode() { return undefined; }

  async consume(id) { this.rows.get(id).consumed = Math.floor(Date.now() / 1000); }

  async destroy(id) { this.rows.delete(id); }

  async revokeByGrantId(grantId) {
    for (const [id, row] of this.rows) if (row.grantId === grantId) this.rows.delete(id);
  }
}

const rowsOf = (kind) => [...(Shelf.kinds.get(kind)?.entries() ?? [])];

// OpenID Connect Back-Channel Logout 1.0, section 2.6: everything that makes a logout token one.
async function verified(token, keys) {
  const { payload } = await jwtVerify(token, keys, {
    issuer: trustedIssuer,
    audience: AUDIENCE,
    typ: 'logout+jwt',
    algorithms: ['RS256'],
    maxTokenAge: '3 minutes',
    requiredClaims: ['jti', 'iat', 'exp', 'events'],
  });
  if (typeof payload.events[LOGOUT_EVENT] !== 'object') throw new Error('no logout event');
  if ('nonce' in payload) throw new Error('a nonce');
  if (payload.sub === undefined && payload.sid === undefined) throw new Error('about nobody');
  if (seen.has(payload.jti)) throw new Error('received before');
  seen.add(payload.jti);
  return payload;
}

// With `sid` one session, without it all of the person's: the session, its grants, their tokens.
async function endSessions(provider, { sub, sid }) {
  let ended = 0;
  for (const [id, row] of rowsOf('Session')) {
    const clients = Object.entries(row.authorizations ?? {});
    const mine = sid === undefined ? row.accountId === sub : clients.some(([, one]) => one.sid === sid);
    if (!mine || (sub !== undefined && row.accountId !== sub)) continue;
    for (const [clientId, one] of clients) {
      await endGrant(provider, one.grantId);
      const client = await provider.Client.find(clientId);
      if (client?.backchannelLogoutUri) await client.backchannelLogout(row.accountId, one.sid).catch(() => {});
    }
    await (await provider.Session.find(id)).destroy();
    ended += 1;
  }
  if (sid === undefined) {
    for (const [id, row] of rowsOf('Grant')) if (row.accountId === sub) await endGrant(provider, id);
  }
  return ended;
}

async function endGrant(provider, grantId) {
  if (grantId === undefined) return;
  for (const model of TOKENS) await provider[model].revokeByGrantId(grantId);
  await provider.Grant.adapter.destroy(grantId);
}

async function bodyOf(request) {
  let text = '';
  for await (const chunk of request) text += chunk;
  return new URLSearchParams(text);
}

const server = createServer().listen(0, '127.0.0.1', () => {
  const issuer = `http://127.0.0.1:${server.address().port}`;
  const provider = new Provider(issuer, {
    adapter: Shelf,
    clients: [{
      client_id: 'shop',
      client_secret: 'shop-secret',
      redirect_uris: ['http://127.0.0.1:9/back'],
      grant_types: ['authorization_code', 'refresh_token'],
      scope: 'openid offline_access',
      backchannel_logout_uri: clientLogoutUri,
      backchannel_logout_session_required: true,
    }, {
      client_id: 'desk',
      client_secret: 'desk-secret',
      redirect_uris: ['http://127.0.0.1:9/staff/provider/back'],
    }],
    cookies: { keys: ['only for this test'] },
    features: { introspection: { enabled: true }, backchannelLogout: { enabled: true } },
    pkce: { required: (ctx, client) => client.clientId === 'desk' },
    // It refuses to call addresses inside by itself, and rightly; the client of this test is inside.
    fetch: (url, options) => globalThis.fetch(url, { ...options, dispatcher: undefined }),
    ttl: { Session: 3600, Grant: 3600, AccessToken: 3600, RefreshToken: 3600, Interaction: 600 },
  });
  const keys = createRemoteJWKSet(new URL(keysUrl));
  const asProvider = provider.callback();
  server.on('request', async (request, response) => {
    if (request.method !== 'POST' || request.url !== '/trusted-logout') {
      asProvider(request, response);
      return;
    }
    response.setHeader('cache-control', 'no-store');
    try {
      const claims = await verified((await bodyOf(request)).get('logout_token') ?? '', keys);
      response.end(JSON.stringify({ ended: await endSessions(provider, claims) }));
    } catch (error) {
      response.statusCode = 400;
      response.end(JSON.stringify({ error: 'invalid_request', error_description: error.message }));
    }
  });
  process.stdout.write(`${issuer}\n`);
});
process.stdin.resume().on('end', () => process.exit(0));
