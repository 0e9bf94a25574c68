import type { Infer, Init, MessageSchema } from '../../schema/index.js'
import * as cri from './cri-messages.js'
import { type CallOptions, connectGrpc } from './grpc-connection.js'

/** One CRI call. Throws `RuntimeError`, or the reason of the signal given. */
export type CriCall<Request, Response> = (request: Init<Request>, options?: CallOptions) => Promise<Infer<Response>>

/**
 * The container runtime, one method a CRI call. An `Unavailable` error means that the runtime is down: later calls
 * connect again by themselves.
 */
export interface CriClient extends Disposable {
  readonly version: CriCall<typeof cri.VersionRequest, typeof cri.VersionResponse>
  readonly status: CriCall<typeof cri.StatusRequest, typeof cri.StatusResponse>
  readonly updateRuntimeConfig: CriCall<typeof cri.UpdateRuntimeConfigRequest, typeof cri.UpdateRuntimeConfigResponse>
  /** The cgroup driver. `Unimplemented` before containerd 2.0. */
  readonly runtimeConfig: CriCall<typeof cri.RuntimeConfigRequest, typeof cri.RuntimeConfigResponse>
  /** Makes and starts a pod: its cgroup, namespaces and network. */
  readonly runPodSandbox: CriCall<typeof cri.RunPodSandboxRequest, typeof cri.RunPodSandboxResponse>
  /** Kills what runs in the pod and takes its network down. May be repeated. */
  readonly stopPodSandbox: CriCall<typeof cri.StopPodSandboxRequest, typeof cri.StopPodSandboxResponse>
  /** May be repeated. */
  readonly removePodSandbox: CriCall<typeof cri.RemovePodSandboxRequest, typeof cri.RemovePodSandboxResponse>
  readonly podSandboxStatus: CriCall<typeof cri.PodSandboxStatusRequest, typeof cri.PodSandboxStatusResponse>
  readonly listPodSandbox: CriCall<typeof cri.ListPodSandboxRequest, typeof cri.ListPodSandboxResponse>
  /** `Unimplemented` before containerd 2.1. */
  readonly updatePodSandboxResources: CriCall<
    typeof cri.UpdatePodSandboxResourcesRequest,
    typeof cri.UpdatePodSandboxResourcesResponse
  >
  readonly createContainer: CriCall<typeof cri.CreateContainerRequest, typeof cri.CreateContainerResponse>
  readonly startContainer: CriCall<typeof cri.StartContainerRequest, typeof cri.StartContainerResponse>
  /** Resolves once the container has stopped. May be repeated. */
  readonly stopContainer: CriCall<typeof cri.StopContainerRequest, typeof cri.StopContainerResponse>
  /** May be repeated. */
  readonly removeContainer: CriCall<typeof cri.RemoveContainerRequest, typeof cri.RemoveContainerResponse>
  readonly listContainers: CriCall<typeof cri.ListContainersRequest, typeof cri.ListContainersResponse>
  readonly containerStatus: CriCall<typeof cri.ContainerStatusRequest, typeof cri.ContainerStatusResponse>
  readonly updateContainerResources: CriCall<
    typeof cri.UpdateContainerResourcesRequest,
    typeof cri.UpdateContainerResourcesResponse
  >
  readonly reopenContainerLog: CriCall<typeof cri.ReopenContainerLogRequest, typeof cri.ReopenContainerLogResponse>
  readonly checkpointContainer: CriCall<typeof cri.CheckpointContainerRequest, typeof cri.CheckpointContainerResponse>
  /** A command that outlives its `timeout` fails with `DeadlineExceeded`. */
  readonly execSync: CriCall<typeof cri.ExecSyncRequest, typeof cri.ExecSyncResponse>
  /** Answers the address at which to stream; so do the next two. */
  readonly exec: CriCall<typeof cri.ExecRequest, typeof cri.ExecResponse>
  readonly attach: CriCall<typeof cri.AttachRequest, typeof cri.AttachResponse>
  readonly portForward: CriCall<typeof cri.PortForwardRequest, typeof cri.PortForwardResponse>
  readonly containerStats: CriCall<typeof cri.ContainerStatsRequest, typeof cri.ContainerStatsResponse>
  readonly listContainerStats: CriCall<typeof cri.ListContainerStatsRequest, typeof cri.ListContainerStatsResponse>
  readonly podSandboxStats: CriCall<typeof cri.PodSandboxStatsRequest, typeof cri.PodSandboxStatsResponse>
  readonly listPodSandboxStats: CriCall<typeof cri.ListPodSandboxStatsRequest, typeof cri.ListPodSandboxStatsResponse>

  readonly listImages: CriCall<typeof cri.ListImagesRequest, typeof cri.ListImagesResponse>
  readonly imageStatus: CriCall<typeof cri.ImageStatusRequest, typeof cri.ImageStatusResponse>
  /** No time limit unless one is given. */
  readonly pullImage: CriCall<typeof cri.PullImageRequest, typeof cri.PullImageResponse>
  readonly removeImage: CriCall<typeof cri.RemoveImageRequest, typeof cri.RemoveImageResponse>
  readonly imageFsInfo: CriCall<typeof cri.ImageFsInfoRequest, typeof cri.ImageFsInfoResponse>
}

/** Long enough for any call that does no work of unknown length, in milliseconds: the kubelet's runtimeRequestTimeout. */
const usual = 120_000
/** The runtime's own work around a time that the request names, in seconds. */
const beyond = (seconds = 0) => seconds * 1000 + usual

/** Speaks CRI v1 to the runtime behind a Unix socket. Dispose of it to close the connection. */
export function connectCri(socketPath: string): CriClient {
  const connection = connectGrpc(socketPath)
  const service =
    (serviceName: string) =>
    <Request, Response>(
      name: string,
      request: MessageSchema<unknown, Request>,
      response: MessageSchema<Response, unknown>,
      timeLimit: (request: Request) => number | undefined = () => usual,
    ) => {
      const method = { path: `/runtime.v1.${serviceName}/${name}`, request, response }
      return (value: Request, options: CallOptions = {}) => {
        const timeout = options.timeout ?? timeLimit(value)
        return connection.call(method, value, timeout === undefined ? options : { ...options, timeout })
      }
    }
  const runtime = service('RuntimeService')
  const images = service('ImageService')
  return {
    version: runtime('Version', cri.VersionRequest, cri.VersionResponse),
    status: runtime('Status', cri.StatusRequest, cri.StatusResponse),
    updateRuntimeConfig: runtime(
      'UpdateRuntimeConfig',
      cri.UpdateRuntimeConfigRequest,
      cri.UpdateRuntimeConfigResponse,
    ),
    runtimeConfig: runtime('RuntimeConfig', cri.RuntimeConfigRequest, cri.RuntimeConfigResponse),
    runPodSandbox: runtime('RunPodSandbox', cri.RunPodSandboxRequest, cri.RunPodSandboxResponse, () => 2 * usual),
    stopPodSandbox: runtime('StopPodSandbox', cri.StopPodSandboxRequest, cri.StopPodSandboxResponse),
    removePodSandbox: runtime('RemovePodSandbox', cri.RemovePodSandboxRequest, cri.RemovePodSandboxResponse),
    podSandboxStatus: runtime('PodSandboxStatus', cri.PodSandboxStatusRequest, cri.PodSandboxStatusResponse),
    listPodSandbox: runtime('ListPodSandbox', cri.ListPodSandboxRequest, cri.ListPodSandboxResponse),
    updatePodSandboxResources: runtime(
      'UpdatePodSandboxResources',
      cri.UpdatePodSandboxResourcesRequest,
      cri.UpdatePodSandboxResourcesResponse,
    ),
    createContainer: runtime('CreateContainer', cri.CreateContainerRequest, cri.CreateContainerResponse),
    startContainer: runtime('StartContainer', cri.StartContainerRequest, cri.StartContainerResponse),
    stopContainer: runtime('StopContainer', cri.StopContainerRequest, cri.StopContainerResponse, ({ timeout }) =>
      beyond(timeout),
    ),
    removeContainer: runtime('RemoveContainer', cri.RemoveContainerRequest, cri.RemoveContainerResponse),
    listContainers: runtime('ListContainers', cri.ListContainersRequest, cri.ListContainersResponse),
    containerStatus: runtime('ContainerStatus', cri.ContainerStatusRequest, cri.ContainerStatusResponse),
    updateContainerResources: runtime(
      'UpdateContainerResources',
      cri.UpdateContainerResourcesRequest,
      cri.UpdateContainerResourcesResponse,
    ),
    reopenContainerLog: runtime('ReopenContainerLog', cri.ReopenContainerLogRequest, cri.ReopenContainerLogResponse),
    checkpointContainer: runtime(
      'CheckpointContainer',
      cri.CheckpointContainerRequest,
      cri.CheckpointContainerResponse,
      ({ timeout }) => beyond(timeout),
    ),
    execSync: runtime('ExecSync', cri.ExecSyncRequest, cri.ExecSyncResponse, ({ timeout }) =>
      timeout ? beyond(timeout) : undefined,
    ),
    exec: runtime('Exec', cri.ExecRequest, cri.ExecResponse),
    attach: runtime('Attach', cri.AttachRequest, cri.AttachResponse),
    portForward: runtime('PortForward', cri.PortForwardRequest, cri.PortForwardResponse),
    containerStats: runtime('ContainerStats', cri.ContainerStatsRequest, cri.ContainerStatsResponse),
    listContainerStats: runtime('ListContainerStats', cri.ListContainerStatsRequest, cri.ListContainerStatsResponse),
    podSandboxStats: runtime('PodSandboxStats', cri.PodSandboxStatsRequest, cri.PodSandboxStatsResponse),
    listPodSandboxStats: runtime(
      'ListPodSandboxStats',
      cri.ListPodSandboxStatsRequest,
      cri.ListPodSandboxStatsResponse,
    ),
    listImages: images('ListImages', cri.ListImagesRequest, cri.ListImagesResponse),
    imageStatus: images('ImageStatus', cri.ImageStatusRequest, cri.ImageStatusResponse),
    // Size and network decide how long; the runtime itself gives up on a download that stands still.
    pullImage: images('PullImage', cri.PullImageRequest, cri.PullImageResponse, () => undefined),
    removeImage: images('RemoveImage', cri.RemoveImageRequest, cri.RemoveImageResponse),
    imageFsInfo: images('ImageFsInfo', cri.ImageFsInfoRequest, cri.ImageFsInfoResponse),
    [Symbol.dispose]: () => connection[Symbol.dispose](),
  }
}
