import type { UserInfo } from '../../machinery/http.js'
import { type Authenticator, tokenAuthenticator } from './authenticator.js'

/**
 * Static tokens, a line each: `token,user,uid,"group1,group2"`.
 * https://kubernetes.io/docs/reference/access-authn-authz/authentication/#static-token-file
 * Throws for a line with fewer than three columns.
 */
export function tokenFile(text: string): Authenticator {
  const known = new Map<string, UserInfo>()
  for (const [i, line] of text.split('\n').entries()) {
    if (line.trim() === '' || line.startsWith('#')) continue
    const [token, name, uid, groups] = columns(line)
    if (!token || !name || uid === undefined)
      throw new Error(`token file, line ${i + 1}: expected at least three columns: token, user name, user uid`)
    // The first line with a token counts.
    if (known.has(token)) continue
    known.set(token, {
      name,
      ...(uid ? { uid } : {}),
      groups: groups ? groups.split(',').map(group => group.trim()) : [],
    })
  }
  // Found by its hash, which is seeded: how long that takes tells nothing of how much of a guess is right.
  return tokenAuthenticator('token-file', token => known.get(token))
}

/** Comma-separated columns; a quoted one may hold commas. */
function columns(line: string): string[] {
  const found: string[] = []
  for (const match of line.matchAll(/\s*(?:"((?:[^"]|"")*)"|([^,]*))\s*(?:,|$)/g)) {
    if (match.index === line.length && found.length > 0 && !line.endsWith(',')) break
    found.push(match[1] !== undefined ? match[1].replaceAll('""', '"') : (match[2] ?? '').trim())
  }
  return found
}
