import type { Infer } from '../../../schema/index.js'
import { map, message, optional, required, string } from '../../../schema/index.js'

/** How callers name an image: a reference or an image id. */
export const ImageSpec = message('runtime.v1.ImageSpec', {
  image: required(1, string),
  annotations: optional(2, map(string)),
  userSpecifiedImage: optional(18, string),
  runtimeHandler: optional(19, string),
  imageRef: optional(20, string),
})
export interface ImageSpec extends Infer<typeof ImageSpec> {}
