import { createPrivateKey, createPublicKey, type KeyObject, X509Certificate } from 'node:crypto'

interface Block {
  readonly type: string
  readonly body: Buffer
}

/** What keeps a certificate and its private key from being used for TLS, in the words of Go; nothing if all is well. */
export function keyPairFault(certificates: string, key: string): string | undefined {
  const blocks = blocksOf(certificates)
  const chain = blocks.filter(({ type }) => type === 'CERTIFICATE')
  const [first] = chain
  if (!first) {
    const skipped = blocks.map(({ type }) => type)
    if (skipped.length === 0) return 'tls: failed to find any PEM data in certificate input'
    if (skipped.length === 1 && skipped[0]?.endsWith('PRIVATE KEY'))
      return 'tls: failed to find certificate PEM data in certificate input, but did find a private key; PEM inputs may have been switched'
    return `tls: failed to find "CERTIFICATE" PEM block in certificate input after skipping PEM blocks of the following types: [${skipped.join(' ')}]`
  }
  const keys = blocksOf(key)
  const at = keys.findIndex(({ type }) => type === 'PRIVATE KEY' || type.endsWith(' PRIVATE KEY'))
  const found = keys[at]
  if (!found) {
    const skipped = keys.map(({ type }) => type)
    if (skipped.length === 0) return 'tls: failed to find any PEM data in key input'
    if (skipped.length === 1 && skipped[0] === 'CERTIFICATE')
      return 'tls: found a certificate rather than a key in the PEM for the private key'
    return `tls: failed to find PEM block with type ending in "PRIVATE KEY" in key input after skipping PEM blocks of the following types: [${skipped.join(' ')}]`
  }
  const certified = publicKeyOf(first.body)
  if (!certified) return 'x509: malformed certificate'
  const owned = privateKeyOf(found.body)
  if (!owned) return 'tls: failed to parse private key'
  if (certified.asymmetricKeyType !== owned.asymmetricKeyType)
    return 'tls: private key type does not match public key type'
  return certified.equals(createPublicKey(owned)) ? undefined : 'tls: private key does not match public key'
}

const blocksOf = (pem: string): Block[] =>
  [...pem.matchAll(/^-----BEGIN ([^\n]*?)-----[ \t]*\r?\n([^-]*)-----END \1-----[ \t]*\r?$/gm)].map(
    ([, type = '', body = '']) => ({ type, body: Buffer.from(body, 'base64') }),
  )

function publicKeyOf(der: Buffer): KeyObject | undefined {
  try {
    return new X509Certificate(der).publicKey
  } catch {
    return undefined
  }
}

function privateKeyOf(der: Buffer): KeyObject | undefined {
  for (const type of ['pkcs1', 'pkcs8', 'sec1'] as const)
    try {
      return createPrivateKey({ key: der, format: 'der', type })
    } catch {
      // It may be of the next form.
    }
  return undefined
}
