import {
  embedded,
  type FieldsInit,
  type FieldsType,
  int32,
  json,
  type Kind,
  list,
  type MessageSchema,
  nullable,
  optional,
  rawExtension,
  required,
  string,
  type TypeMeta,
} from '../../schema/index.js'
import { kind, message } from './declare.js'
import { ListMeta } from './list-meta.js'

const tableColumnDefinition = {
  name: required(0, string),
  type: required(0, string),
  format: required(0, string),
  description: required(0, string),
  priority: required(0, int32),
}
export interface TableColumnDefinition extends FieldsType<typeof tableColumnDefinition> {}
export const TableColumnDefinition: MessageSchema<TableColumnDefinition> = message(
  'TableColumnDefinition',
  tableColumnDefinition,
)

const tableRowCondition = {
  type: required(0, string),
  status: required(0, string),
  reason: optional(0, string),
  message: optional(0, string),
}
export interface TableRowCondition extends FieldsType<typeof tableRowCondition> {}
export const TableRowCondition: MessageSchema<TableRowCondition> = message('TableRowCondition', tableRowCondition)

const tableRow = {
  cells: required(0, list(json, { type: 'none' })),
  conditions: optional(0, list(TableRowCondition, { type: 'none' })),
  object: nullable(0, rawExtension),
}
export interface TableRow extends FieldsType<typeof tableRow> {}
export const TableRow: MessageSchema<TableRow> = message('TableRow', tableRow)

const table = {
  metadata: embedded(0, ListMeta),
  columnDefinitions: required(0, list(TableColumnDefinition, { type: 'none' })),
  rows: required(0, list(TableRow, { type: 'none' })),
}
export interface Table extends TypeMeta, FieldsType<typeof table> {}
export interface TableInit extends TypeMeta, FieldsInit<typeof table> {}
/** Objects as rows for people to read, with columns chosen by the server. */
export const Table: Kind<Table, TableInit> = kind('Table', { plural: '', namespaced: false }, table)
