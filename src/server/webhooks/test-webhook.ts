import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { selfSignedServing } from '../../cluster/pki.js'

/** A webhook for tests. */
export interface TestWebhook extends AsyncDisposable {
  /** `https://127.0.0.1:40123`, without a path. */
  readonly url: string
  /** As webhook configurations want it: PEM, in base64. */
  readonly caBundle: string
}

/**
 * Listens on a free port of 127.0.0.1. `respond` gets the path that was asked for, with its query, and the review's
 * `request`, and returns what the review's `response` says beside the request's uid; nothing for never answering.
 */
export async function startTestWebhook<R>(
  respond: (path: string, request: R) => object | undefined | Promise<object | undefined>,
): Promise<TestWebhook> {
  const { certificate, key, ca } = await selfSignedServing(['127.0.0.1', 'localhost', 'hook.services.svc'])
  const server = createServer({ cert: certificate, key }, async (request, response) => {
    let text = ''
    for await (const chunk of request) text += chunk
    const review = JSON.parse(text)
    const answer = await respond(request.url ?? '', review.request)
    if (!answer) return
    const { apiVersion, kind } = review
    response.end(JSON.stringify({ apiVersion, kind, response: { uid: review.request.uid, ...answer } }))
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `https://127.0.0.1:${(server.address() as AddressInfo).port}`,
    caBundle: Buffer.from(ca).toString('base64'),
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise(resolve => server.close(resolve))
    },
  }
}
