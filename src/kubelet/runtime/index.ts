/** The container runtime: its interface (CRI), its events, its images, and Typernetes' own containerd. */
export {
  type ContainerEvent,
  type ContainerEventsOptions,
  containerEvents,
  statusAfterExit,
} from './container-events.js'
export { type Containerd, type ContainerdOptions, findCniBinDir, startContainerd } from './containerd.js'
export type { ContainerdCgroups, ContainerdVersion, Snapshotter } from './containerd-config.js'
export { deleteContainerd, removeAllPods, shimSockets } from './containerd-removal.js'
export { type SupervisedContainerd, type SupervisionOptions, superviseContainerd } from './containerd-supervisor.js'
export { type CriCall, type CriClient, connectCri } from './cri-client.js'
export * as cri from './cri-messages.js'
export type { CallOptions } from './grpc-connection.js'
export { type EntrySource, type ImageRecipe, type LayerEntry, writeImageArchive } from './image-archive.js'
export { ImageArchiveError } from './image-archive-reader.js'
export { type ImageMounts, imageMounts } from './image-mounts.js'
export {
  formatImageName,
  type ImageName,
  ImageNameError,
  isLatest,
  normalizeImageName,
  parseImageName,
  withDefaultTag,
} from './image-names.js'
export {
  buildPauseImage,
  ensurePauseImage,
  type ImageTarget,
  imageTargetOf,
  type LoadImageOptions,
  loadImage,
  type PullImageOptions,
  pauseImageName,
  pullImage,
} from './images.js'
export { programEntries } from './program-files.js'
export {
  credentialsFor,
  parseDockerConfig,
  type RegistryCredential,
  RegistryCredentialsError,
} from './registry-credentials.js'
export {
  isNotFound,
  isTimeout,
  isUnavailable,
  isUnimplemented,
  RuntimeError,
  type RuntimeErrorCode,
} from './runtime-error.js'
export { loadTestImage, testImages } from './test-images.js'
