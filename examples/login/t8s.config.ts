import { readFile } from 'node:fs/promises'
import { importSPKI, jwtVerify } from 'jose'
import { defineConfig } from 'typernetes'

/** The public key of the company's login; `openssl pkey -in private.pem -pubout` prints it. */
const keyFile = process.env['COMPANY_KEY'] ?? new URL('company.pem', import.meta.url)

export default defineConfig(async () => {
  const key = await importSPKI(await readFile(keyFile, 'utf8'), 'ES256')
  const expected = { issuer: 'https://login.example.com', audience: 'kubernetes' }
  return {
    authenticators: [
      {
        name: 'company',
        async review(token) {
          // A token that is forged, too old, or somebody else's is nobody's here.
          const { payload } = (await jwtVerify(token, key, expected).catch(() => undefined)) ?? {}
          if (!payload?.sub) return undefined
          const groups = Array.isArray(payload['groups']) ? payload['groups'].map(group => `company:${group}`) : []
          return { user: { name: `company:${payload.sub}`, groups } }
        },
      },
    ],
    authorizers: [
      {
        name: 'contractors',
        match: { groups: ['company:contractors'], verbs: ['!get', '!list', '!watch'] },
        authorize: () => ({ verdict: 'deny', reason: 'contractors may look, not touch' }),
      },
    ],
    hooks: [
      {
        name: 'who',
        match: { users: ['company:*'] },
        after: ({ user }) => ({ headers: { 'x-company-user': user.name } }),
      },
    ],
  }
})
