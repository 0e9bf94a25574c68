import { request } from 'node:https'
import type { ControlPlane } from '../cluster/control-plane.js'

/** What the server says to a body that no client would write, such as JSON with a field twice. An administrator asks. */
export async function rawAnswer(
  plane: ControlPlane,
  method: string,
  path: string,
  body: string,
  contentType = 'application/json',
): Promise<{ readonly status: number; readonly text: string }> {
  const { endpoint } = plane
  if (!endpoint) throw new Error('the control plane does not listen')
  return new Promise((resolve, reject) => {
    const asked = request(
      new URL(path, endpoint.server),
      {
        method,
        ca: endpoint.ca,
        cert: endpoint.clientCert,
        key: endpoint.clientKey,
        headers: { 'content-type': contentType },
        agent: false,
      },
      async answer => {
        try {
          let text = ''
          for await (const chunk of answer) text += chunk
          resolve({ status: answer.statusCode ?? 0, text })
        } catch (error) {
          reject(error)
        }
      },
    )
    asked.on('error', reject)
    asked.end(body)
  })
}
