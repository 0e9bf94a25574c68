import { Status } from '../../../machinery/meta/index.js'
import {
  embedded,
  type FieldsInit,
  type FieldsType,
  type Kind,
  list,
  type MessageSchema,
  pointer,
  rawExtension,
  required,
  string,
  type TypeMeta,
} from '../../../schema/index.js'
import { kind, message } from './declare.js'

const conversionRequest = {
  uid: required(1, string),
  desiredAPIVersion: required(2, string),
  objects: required(3, list(rawExtension, { type: 'none' })),
}
export interface ConversionRequest extends FieldsType<typeof conversionRequest> {}
export const ConversionRequest: MessageSchema<ConversionRequest> = message('ConversionRequest', conversionRequest)

const conversionResponse = {
  uid: required(1, string),
  convertedObjects: required(2, list(rawExtension, { type: 'none' })),
  result: embedded(3, Status),
}
export interface ConversionResponse extends FieldsType<typeof conversionResponse> {}
export interface ConversionResponseInit extends FieldsInit<typeof conversionResponse> {}
export const ConversionResponse: MessageSchema<ConversionResponse, ConversionResponseInit> = message(
  'ConversionResponse',
  conversionResponse,
)

const conversionReview = {
  request: pointer(1, ConversionRequest),
  response: pointer(2, ConversionResponse),
}
export interface ConversionReview extends TypeMeta, FieldsType<typeof conversionReview> {}
export interface ConversionReviewInit extends TypeMeta, FieldsInit<typeof conversionReview> {}
/** Body of the call to a conversion webhook and of its answer. */
export const ConversionReview: Kind<ConversionReview, ConversionReviewInit> = kind(
  'ConversionReview',
  { plural: '', namespaced: false },
  conversionReview,
)
