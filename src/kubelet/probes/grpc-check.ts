import { Client, credentials, Metadata, status } from '@grpc/grpc-js'
import { decodeProtobuf, encodeProtobuf, int32, message, optional, string } from '../../schema/index.js'
import { type CheckResult, failure, joinHostPort, success, unknown } from './check-result.js'

/** The health checking protocol of gRPC (https://grpc.io/docs/guides/health-checking/). */
const HealthCheckRequest = message('grpc.health.v1.HealthCheckRequest', { service: optional(1, string) })
const HealthCheckResponse = message('grpc.health.v1.HealthCheckResponse', { status: optional(1, int32) })
const servingStatus = ['UNKNOWN', 'SERVING', 'NOT_SERVING', 'SERVICE_UNKNOWN']
const serving = 1

/** Asks a gRPC server how it is. `timeout` in milliseconds. */
export function grpcCheck(
  host: string,
  port: number,
  service: string,
  { timeout, userAgent }: { readonly timeout: number; readonly userAgent: string },
): Promise<CheckResult> {
  const address = joinHostPort(host, port)
  const client = new Client(address, credentials.createInsecure(), {
    'grpc.primary_user_agent': userAgent,
    'grpc.use_local_subchannel_pool': 1,
    'grpc.enable_http_proxy': 0,
  })
  return new Promise<CheckResult>(resolve => {
    client.makeUnaryRequest(
      '/grpc.health.v1.Health/Check',
      value => Buffer.from(encodeProtobuf(HealthCheckRequest, value)),
      bytes => decodeProtobuf(HealthCheckResponse, bytes),
      { service },
      new Metadata(),
      { deadline: Date.now() + timeout },
      (error, response) => {
        if (!error) {
          const state = response?.status ?? 0
          const text = servingStatus[state] ?? String(state)
          resolve(
            state === serving ? success('service healthy') : failure(`service unhealthy (responded with "${text}")`),
          )
          return
        }
        switch (error.code) {
          case status.UNIMPLEMENTED:
            return resolve(
              failure('error: this server does not implement the grpc health protocol (grpc.health.v1.Health)'),
            )
          case status.DEADLINE_EXCEEDED:
          case status.UNAVAILABLE:
            return resolve(
              failure(`timeout: failed to connect service "${address}" within ${timeout / 1000}s: ${error.details}`),
            )
          default:
            return resolve(failure(`error: health rpc probe failed: ${error.details}`))
        }
      },
    )
  })
    .catch(unknown)
    .finally(() => client.close())
}
