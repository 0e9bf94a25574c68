import type { FieldsInit, FieldsType, MessageSchema } from '../../../schema/index.js'
import { map, message, optional, required, string } from '../../../schema/index.js'

/** How callers name an image: a reference or an image id. */
const imageSpec = {
  image: required(1, string),
  annotations: optional(2, map(string)),
  userSpecifiedImage: optional(18, string),
  runtimeHandler: optional(19, string),
  imageRef: optional(20, string),
}
export interface ImageSpec extends FieldsType<typeof imageSpec> {}
export interface ImageSpecInit extends FieldsInit<typeof imageSpec> {}
export const ImageSpec: MessageSchema<ImageSpec, ImageSpecInit> = message('runtime.v1.ImageSpec', imageSpec)
