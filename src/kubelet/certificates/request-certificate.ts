import { X509Certificate } from 'node:crypto'
import { CertificateSigningRequest } from '../../api/certificates/v1/index.js'
import type { Client } from '../../client/client.js'
import { type Clock, sleep, systemClock } from '../../machinery/clock.js'
import { createCertificateRequest, createKey, keyToPem } from '../../machinery/x509/index.js'
import type { KeyedCertificate } from './certificate-store.js'
import type { CertificateWish } from './wishes.js'

export interface RequestOptions {
  readonly signal: AbortSignal
  readonly clock?: Clock
}

/** How long a request may wait for somebody to decide, in ms; then another one is made. */
const patience = 15 * 60_000
/** Before a watch that has ended is begun again, in ms. */
const pause = 1_000

/**
 * Asks the API server for a certificate for a new key, and waits until it is signed. Throws if it is denied, cannot be
 * signed, or nobody decides for 15 minutes; and `StatusError` if it may not be asked for.
 */
export async function requestCertificate(
  client: Client,
  { signerName, subject, usages, names }: CertificateWish,
  { signal, clock = systemClock }: RequestOptions,
): Promise<KeyedCertificate> {
  const key = createKey()
  const pem = await createCertificateRequest(subject, key, names)
  const { metadata } = await client.create(
    CertificateSigningRequest,
    {
      metadata: { generateName: 'csr-' },
      spec: { request: Buffer.from(pem).toString('base64'), signerName, usages: [...usages] },
    },
    { signal },
  )
  const name = metadata.name ?? ''
  const late = new AbortController()
  using _timer = clock.after(patience, () => late.abort(new Error(`the request ${name} has not been decided`)))
  const within = AbortSignal.any([signal, late.signal])
  for (;;) {
    for await (const event of client.watch(CertificateSigningRequest, {
      fieldSelector: `metadata.name=${name}`,
      signal: within,
    })) {
      if (event.type === 'BOOKMARK') continue
      if (event.type === 'DELETED') throw new Error(`the request ${name} was deleted before it was signed`)
      const signed = signedCertificate(event.object)
      if (!signed) continue
      if (!new X509Certificate(signed).checkPrivateKey(key))
        throw new Error(`the certificate of the request ${name} is for another key`)
      return { certificate: signed, key: keyToPem(key) }
    }
    within.throwIfAborted()
    await sleep(clock, pause, within)
  }
}

/** The certificate, once there is one. Throws if there will be none. */
function signedCertificate({ metadata, status }: CertificateSigningRequest): string | undefined {
  for (const { type, reason, message } of status.conditions ?? [])
    if (type === 'Denied' || type === 'Failed')
      throw new Error(
        `the request ${metadata.name} was ${type === 'Denied' ? 'denied' : 'not signed'}: ${reason ?? ''} ${message ?? ''}`,
      )
  return status.certificate ? Buffer.from(status.certificate, 'base64').toString() : undefined
}
