import type { FieldsInit, FieldsType, MessageSchema } from '../../../schema/index.js'
import {
  boolean,
  embedded,
  int64,
  list,
  map,
  message,
  optional,
  required,
  string,
  uint64,
} from '../../../schema/index.js'
import { ImageSpec } from './image-spec.js'
import { PodSandboxConfig } from './sandboxes.js'
import { Int64Value } from './security.js'
import { UInt64Value } from './stats-values.js'

const image = {
  /** `sha256:...` of the image's config. */
  id: required(1, string),
  repoTags: embedded(2, list(string)),
  repoDigests: embedded(3, list(string)),
  /** Bytes. */
  size: required(4, uint64),
  /** The user of the image's config, where it is a number ... */
  uid: optional(5, Int64Value),
  /** ... or a name. */
  username: embedded(6, string),
  spec: optional(7, ImageSpec),
  /** Not to be collected when disk runs short. */
  pinned: embedded(8, boolean),
}
export interface Image extends FieldsType<typeof image> {}
export interface ImageInit extends FieldsInit<typeof image> {}
export const Image: MessageSchema<Image, ImageInit> = message('runtime.v1.Image', image)

export const ImageFilter = message('runtime.v1.ImageFilter', { image: optional(1, ImageSpec) })
export const ListImagesRequest = message('runtime.v1.ListImagesRequest', { filter: optional(1, ImageFilter) })
export const ListImagesResponse = message('runtime.v1.ListImagesResponse', { images: embedded(1, list(Image)) })

export const ImageStatusRequest = message('runtime.v1.ImageStatusRequest', {
  image: optional(1, ImageSpec),
  verbose: optional(2, boolean),
})
/** `image` is absent when the node does not hold it. */
const imageStatusResponse = {
  image: optional(1, Image),
  info: embedded(2, map(string)),
}
export interface ImageStatusResponse extends FieldsType<typeof imageStatusResponse> {}
export interface ImageStatusResponseInit extends FieldsInit<typeof imageStatusResponse> {}
export const ImageStatusResponse: MessageSchema<ImageStatusResponse, ImageStatusResponseInit> = message(
  'runtime.v1.ImageStatusResponse',
  imageStatusResponse,
)

/** Credentials for one registry. `auth` is base64 of `username:password`. */
const authConfig = {
  username: optional(1, string),
  password: optional(2, string),
  auth: optional(3, string),
  serverAddress: optional(4, string),
  identityToken: optional(5, string),
  registryToken: optional(6, string),
}
export interface AuthConfig extends FieldsType<typeof authConfig> {}
export interface AuthConfigInit extends FieldsInit<typeof authConfig> {}
export const AuthConfig: MessageSchema<AuthConfig, AuthConfigInit> = message('runtime.v1.AuthConfig', authConfig)

export const PullImageRequest = message('runtime.v1.PullImageRequest', {
  image: optional(1, ImageSpec),
  auth: optional(2, AuthConfig),
  sandboxConfig: optional(3, PodSandboxConfig),
})
export const PullImageResponse = message('runtime.v1.PullImageResponse', { imageRef: required(1, string) })

/** Removes every tag of the image that the given name stands for. */
export const RemoveImageRequest = message('runtime.v1.RemoveImageRequest', { image: optional(1, ImageSpec) })
export const RemoveImageResponse = message('runtime.v1.RemoveImageResponse', {})

export const FilesystemIdentifier = message('runtime.v1.FilesystemIdentifier', { mountpoint: required(1, string) })
const filesystemUsage = {
  /** Nanoseconds since the epoch. */
  timestamp: required(1, int64),
  fsId: optional(2, FilesystemIdentifier),
  usedBytes: optional(3, UInt64Value),
  inodesUsed: optional(4, UInt64Value),
}
export interface FilesystemUsage extends FieldsType<typeof filesystemUsage> {}
export interface FilesystemUsageInit extends FieldsInit<typeof filesystemUsage> {}
export const FilesystemUsage: MessageSchema<FilesystemUsage, FilesystemUsageInit> = message(
  'runtime.v1.FilesystemUsage',
  filesystemUsage,
)

export const ImageFsInfoRequest = message('runtime.v1.ImageFsInfoRequest', {})
const imageFsInfoResponse = {
  imageFilesystems: embedded(1, list(FilesystemUsage)),
  containerFilesystems: embedded(2, list(FilesystemUsage)),
}
export interface ImageFsInfoResponse extends FieldsType<typeof imageFsInfoResponse> {}
export interface ImageFsInfoResponseInit extends FieldsInit<typeof imageFsInfoResponse> {}
export const ImageFsInfoResponse: MessageSchema<ImageFsInfoResponse, ImageFsInfoResponseInit> = message(
  'runtime.v1.ImageFsInfoResponse',
  imageFsInfoResponse,
)
