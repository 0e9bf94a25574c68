import { LabelSelector } from '../../../machinery/meta/index.js'
import { type FieldsType, type MessageSchema, optional, pointer, required, string } from '../../../schema/index.js'
import { message } from './declare.js'

const paramKind = {
  apiVersion: optional(1, string),
  kind: optional(2, string),
}
export interface ParamKind extends FieldsType<typeof paramKind> {}
export const ParamKind: MessageSchema<ParamKind> = message('ParamKind', paramKind, { atomic: true })

const paramRef = {
  name: optional(1, string),
  namespace: optional(2, string),
  selector: pointer(3, LabelSelector),
  parameterNotFoundAction: pointer(4, string),
}
export interface ParamRef extends FieldsType<typeof paramRef> {}
export const ParamRef: MessageSchema<ParamRef> = message('ParamRef', paramRef, { atomic: true })

const variable = {
  name: required(1, string),
  expression: required(2, string),
}
export interface Variable extends FieldsType<typeof variable> {}
export const Variable: MessageSchema<Variable> = message('Variable', variable, { atomic: true })
