import {
  boolean,
  embedded,
  type FieldsInit,
  type FieldsType,
  int32,
  int64,
  keyed,
  list,
  type MessageSchema,
  map,
  nullable,
  optional,
  pointer,
  quantity,
  required,
  string,
  time,
} from '../../../schema/index.js'
import { message } from './declare.js'
import { ResourceRequirements } from './resource-requirements.js'

const containerStateWaiting = {
  reason: optional(1, string),
  message: optional(2, string),
}
export interface ContainerStateWaiting extends FieldsType<typeof containerStateWaiting> {}
export const ContainerStateWaiting: MessageSchema<ContainerStateWaiting> = message(
  'ContainerStateWaiting',
  containerStateWaiting,
)

const containerStateRunning = { startedAt: nullable(1, time) }
export interface ContainerStateRunning extends FieldsType<typeof containerStateRunning> {}
export const ContainerStateRunning: MessageSchema<ContainerStateRunning> = message(
  'ContainerStateRunning',
  containerStateRunning,
)

const containerStateTerminated = {
  exitCode: required(1, int32),
  signal: optional(2, int32),
  reason: optional(3, string),
  message: optional(4, string),
  startedAt: nullable(5, time),
  finishedAt: nullable(6, time),
  containerID: optional(7, string),
}
export interface ContainerStateTerminated extends FieldsType<typeof containerStateTerminated> {}
export const ContainerStateTerminated: MessageSchema<ContainerStateTerminated> = message(
  'ContainerStateTerminated',
  containerStateTerminated,
)

const containerState = {
  waiting: pointer(1, ContainerStateWaiting),
  running: pointer(2, ContainerStateRunning),
  terminated: pointer(3, ContainerStateTerminated),
}
export interface ContainerState extends FieldsType<typeof containerState> {}
export const ContainerState: MessageSchema<ContainerState> = message('ContainerState', containerState)

const imageVolumeStatus = { imageRef: optional(1, string, { required: true }) }
export interface ImageVolumeStatus extends FieldsType<typeof imageVolumeStatus> {}
export const ImageVolumeStatus: MessageSchema<ImageVolumeStatus> = message('ImageVolumeStatus', imageVolumeStatus)

const volumeStatus = { image: pointer(1, ImageVolumeStatus) }
export interface VolumeStatus extends FieldsType<typeof volumeStatus> {}
export const VolumeStatus: MessageSchema<VolumeStatus> = message('VolumeStatus', volumeStatus)

const volumeMountStatus = {
  name: required(1, string),
  mountPath: required(2, string),
  readOnly: optional(3, boolean),
  recursiveReadOnly: pointer(4, string),
  volumeStatus: pointer(5, VolumeStatus),
}
export interface VolumeMountStatus extends FieldsType<typeof volumeMountStatus> {}
export const VolumeMountStatus: MessageSchema<VolumeMountStatus> = message('VolumeMountStatus', volumeMountStatus)

const linuxContainerUser = {
  uid: required(1, int64),
  gid: required(2, int64),
  supplementalGroups: optional(3, list(int64)),
}
export interface LinuxContainerUser extends FieldsType<typeof linuxContainerUser> {}
export const LinuxContainerUser: MessageSchema<LinuxContainerUser> = message('LinuxContainerUser', linuxContainerUser)

const containerUser = { linux: pointer(1, LinuxContainerUser) }
export interface ContainerUser extends FieldsType<typeof containerUser> {}
export const ContainerUser: MessageSchema<ContainerUser> = message('ContainerUser', containerUser)

const resourceHealth = {
  resourceID: required(1, string),
  health: optional(2, string),
  message: pointer(6, string),
}
export interface ResourceHealth extends FieldsType<typeof resourceHealth> {}
export const ResourceHealth: MessageSchema<ResourceHealth> = message('ResourceHealth', resourceHealth)

const resourceStatus = {
  name: required(1, string),
  resources: optional(2, keyed(ResourceHealth, ['resourceID'])),
}
export interface ResourceStatus extends FieldsType<typeof resourceStatus> {}
export const ResourceStatus: MessageSchema<ResourceStatus> = message('ResourceStatus', resourceStatus)

const containerStatus = {
  name: required(1, string),
  state: embedded(2, ContainerState),
  lastState: embedded(3, ContainerState),
  ready: required(4, boolean),
  restartCount: required(5, int32),
  image: required(6, string),
  imageID: required(7, string),
  containerID: optional(8, string),
  started: pointer(9, boolean),
  allocatedResources: optional(10, map(quantity)),
  resources: pointer(11, ResourceRequirements),
  volumeMounts: optional(12, keyed(VolumeMountStatus, ['mountPath'], 'mountPath')),
  user: pointer(13, ContainerUser),
  allocatedResourcesStatus: optional(14, keyed(ResourceStatus, ['name'], 'name')),
  stopSignal: pointer(15, string, {
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
export interface ContainerStatus extends FieldsType<typeof containerStatus> {}
export interface ContainerStatusInit extends FieldsInit<typeof containerStatus> {}
export const ContainerStatus: MessageSchema<ContainerStatus, ContainerStatusInit> = message(
  'ContainerStatus',
  containerStatus,
)
