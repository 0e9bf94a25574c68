import { createPublicKey, X509Certificate } from 'node:crypto'
import { createCertificate, createKey, type Issuer, keyToPem, type Usage } from '../x509/index.js'

/** PEM texts, named as Node's TLS names them. */
export interface TestCertificate {
  readonly ca: string
  readonly cert: string
  readonly key: string
}

const day = 24 * 60 * 60 * 1000

/** For tests: certificates of a server on 127.0.0.1 and of a client, both named for what they are, by one authority. */
export async function createTestCertificates(): Promise<{
  readonly server: TestCertificate
  readonly client: TestCertificate
}> {
  const issue = async (commonName: string, usages: readonly Usage[], issuer?: Issuer) => {
    const key = createKey()
    const cert = await createCertificate(
      {
        subject: { commonName },
        publicKey: createPublicKey(key),
        notBefore: Date.now() - day,
        notAfter: Date.now() + day,
        usages,
        names: { addresses: ['127.0.0.1'] },
        authority: !issuer,
      },
      issuer ?? { key },
    )
    return { key, cert }
  }
  const authority = await issue('authority', ['cert sign'])
  const issuer = { key: authority.key, certificate: new X509Certificate(authority.cert) }
  const leaf = async (commonName: string, usage: Usage): Promise<TestCertificate> => {
    const { key, cert } = await issue(commonName, ['digital signature', usage], issuer)
    return { ca: authority.cert, cert, key: keyToPem(key) }
  }
  return { server: await leaf('server', 'server auth'), client: await leaf('client', 'client auth') }
}
