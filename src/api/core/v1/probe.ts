import {
  type FieldsType,
  inline,
  int32,
  int64,
  intOrString,
  list,
  type MessageSchema,
  nullable,
  optional,
  pointer,
  required,
  string,
} from '../../../schema/index.js'
import { message } from './declare.js'

const execAction = { command: optional(1, list(string)) }
export interface ExecAction extends FieldsType<typeof execAction> {}
export const ExecAction: MessageSchema<ExecAction> = message('ExecAction', execAction)

const httpHeader = {
  name: required(1, string),
  value: required(2, string),
}
export interface HTTPHeader extends FieldsType<typeof httpHeader> {}
export const HTTPHeader: MessageSchema<HTTPHeader> = message('HTTPHeader', httpHeader)

const httpGetAction = {
  path: optional(1, string),
  port: required(2, intOrString),
  host: optional(3, string),
  scheme: optional(4, string, { enum: ['HTTP', 'HTTPS'] }),
  httpHeaders: optional(5, list(HTTPHeader)),
}
export interface HTTPGetAction extends FieldsType<typeof httpGetAction> {}
export const HTTPGetAction: MessageSchema<HTTPGetAction> = message('HTTPGetAction', httpGetAction)

const tcpSocketAction = {
  port: required(1, intOrString),
  host: optional(2, string),
}
export interface TCPSocketAction extends FieldsType<typeof tcpSocketAction> {}
export const TCPSocketAction: MessageSchema<TCPSocketAction> = message('TCPSocketAction', tcpSocketAction)

const grpcAction = {
  port: required(1, int32),
  service: nullable(2, string, { default: '' }),
}
export interface GRPCAction extends FieldsType<typeof grpcAction> {}
export const GRPCAction: MessageSchema<GRPCAction> = message('GRPCAction', grpcAction)

const sleepAction = { seconds: required(1, int64) }
export interface SleepAction extends FieldsType<typeof sleepAction> {}
export const SleepAction: MessageSchema<SleepAction> = message('SleepAction', sleepAction)

const probeHandler = {
  exec: pointer(1, ExecAction),
  httpGet: pointer(2, HTTPGetAction),
  tcpSocket: pointer(3, TCPSocketAction),
  grpc: pointer(4, GRPCAction),
}
export interface ProbeHandler extends FieldsType<typeof probeHandler> {}
export const ProbeHandler: MessageSchema<ProbeHandler> = message('ProbeHandler', probeHandler)

const probe = {
  handler: inline(1, ProbeHandler),
  initialDelaySeconds: optional(2, int32),
  timeoutSeconds: optional(3, int32),
  periodSeconds: optional(4, int32),
  successThreshold: optional(5, int32),
  failureThreshold: optional(6, int32),
  terminationGracePeriodSeconds: pointer(7, int64),
}
export interface Probe extends FieldsType<typeof probe> {}
export const Probe: MessageSchema<Probe> = message('Probe', probe)

const lifecycleHandler = {
  exec: pointer(1, ExecAction),
  httpGet: pointer(2, HTTPGetAction),
  tcpSocket: pointer(3, TCPSocketAction),
  sleep: pointer(4, SleepAction),
}
export interface LifecycleHandler extends FieldsType<typeof lifecycleHandler> {}
export const LifecycleHandler: MessageSchema<LifecycleHandler> = message('LifecycleHandler', lifecycleHandler)

const lifecycle = {
  postStart: pointer(1, LifecycleHandler),
  preStop: pointer(2, LifecycleHandler),
  stopSignal: pointer(3, string, {
    enum: [
      'SIGABRT',
      'SIGALRM',
      'SIGBUS',
      'SIGCHLD',
      'SIGCLD',
      'SIGCONT',
      'SIGFPE',
      'SIGHUP',
      'SIGILL',
      'SIGINT',
      'SIGIO',
      'SIGIOT',
      'SIGKILL',
      'SIGPIPE',
      'SIGPOLL',
      'SIGPROF',
      'SIGPWR',
      'SIGQUIT',
      'SIGRTMAX',
      'SIGRTMAX-1',
      'SIGRTMAX-10',
      'SIGRTMAX-11',
      'SIGRTMAX-12',
      'SIGRTMAX-13',
      'SIGRTMAX-14',
      'SIGRTMAX-2',
      'SIGRTMAX-3',
      'SIGRTMAX-4',
      'SIGRTMAX-5',
      'SIGRTMAX-6',
      'SIGRTMAX-7',
      'SIGRTMAX-8',
      'SIGRTMAX-9',
      'SIGRTMIN',
      'SIGRTMIN+1',
      'SIGRTMIN+10',
      'SIGRTMIN+11',
      'SIGRTMIN+12',
      'SIGRTMIN+13',
      'SIGRTMIN+14',
      'SIGRTMIN+15',
      'SIGRTMIN+2',
      'SIGRTMIN+3',
      'SIGRTMIN+4',
      'SIGRTMIN+5',
      'SIGRTMIN+6',
      'SIGRTMIN+7',
      'SIGRTMIN+8',
      'SIGRTMIN+9',
      'SIGSEGV',
      'SIGSTKFLT',
      'SIGSTOP',
      'SIGSYS',
      'SIGTERM',
      'SIGTRAP',
      'SIGTSTP',
      'SIGTTIN',
      'SIGTTOU',
      'SIGURG',
      'SIGUSR1',
      'SIGUSR2',
      'SIGVTALRM',
      'SIGWINCH',
      'SIGXCPU',
      'SIGXFSZ',
    ],
  }),
}
export interface Lifecycle extends FieldsType<typeof lifecycle> {}
export const Lifecycle: MessageSchema<Lifecycle> = message('Lifecycle', lifecycle)
