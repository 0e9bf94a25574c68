import { rfc3339Micro } from '../../machinery/clock.js'
import type { Stage } from '../pipeline.js'
import { text } from '../respond.js'
import type { FlowControl, Level } from './flow-control.js'
import type { Ticket } from './priority-level.js'

const root = '/debug/api_priority_and_fairness/'

/** What flow control is doing: https://kubernetes.io/docs/reference/debug-cluster/flow-control/ */
export function flowDumpStage(control: FlowControl): Stage {
  return ({ info, request }, next) => {
    if (!info.path.startsWith(root)) return next()
    const levels = [...control.levels].sort((a, b) => (a.seats.name < b.seats.name ? -1 : 1))
    switch (info.path.slice(root.length)) {
      case 'dump_priority_levels':
        return answer(priorityLevels(levels))
      case 'dump_queues':
        return answer(queues(levels))
      case 'dump_requests':
        return answer(requests(levels, (request.query.get('includeRequestDetails') ?? '') !== ''))
      default:
        return next()
    }
  }
}

const answer = async (rows: readonly (readonly string[])[]) => text(200, table(rows))

/** Columns with a comma behind each value but the last, padded to line up. */
function table(rows: readonly (readonly string[])[]): string {
  const cells = rows.map(row => row.map((value, i) => (i < row.length - 1 ? `${value},` : value)))
  const widths = (cells[0] ?? []).map((_, i) => Math.max(8, ...cells.map(row => (row[i] ?? '').length + 1)))
  return cells
    .map(row => `${row.map((value, i) => (i < row.length - 1 ? value.padEnd(widths[i] ?? 0) : value)).join('')}\n`)
    .join('')
}

function priorityLevels(levels: readonly Level[]): string[][] {
  const header = [
    'PriorityLevelName',
    'ActiveQueues',
    'IsIdle',
    'IsQuiescing',
    'WaitingRequests',
    'ExecutingRequests',
    'DispatchedRequests',
    'RejectedRequests',
    'TimedoutRequests',
    'CancelledRequests',
  ]
  return [
    header,
    ...levels.map(({ seats, quiescing, exempt }) => {
      const { dispatched, rejected, timedOut, cancelled } = seats.counts
      const active = exempt ? 0 : seats.activeQueues
      const values = [active, seats.idle, quiescing, seats.waitingCount, seats.executing.size]
      return [seats.name, ...[...values, dispatched, rejected, timedOut, cancelled].map(String)]
    }),
  ]
}

function queues(levels: readonly Level[]): string[][] {
  const header = [
    'PriorityLevelName',
    'Index',
    'PendingRequests',
    'ExecutingRequests',
    'SeatsInUse',
    'NextDispatchR',
    'InitialSeatsSum',
    'MaxSeatsSum',
    'TotalWorkSum',
  ]
  const rows = levels
    .filter(({ exempt }) => !exempt)
    .flatMap(({ seats }) =>
      seats.queues.map(({ index, waiting, executing, seatsInUse, seatsWaiting, nextStart }) => [
        seats.name,
        ...[index, waiting.length, executing, seatsInUse].map(String),
        seatSeconds(nextStart),
        String(waiting.reduce((sum, { work }) => sum + work.seats, 0)),
        String(seatsWaiting),
        seatSeconds(waiting.reduce((sum, { work }) => sum + 3 * work.seats + work.finalSeats * work.extraMs, 0)),
      ]),
    )
  return [header, ...rows]
}

const seatSeconds = (ms: number): string => `${(ms / 1000).toFixed(8)}ss`

function requests(levels: readonly Level[], detailed: boolean): string[][] {
  const header = [
    'PriorityLevelName',
    'FlowSchemaName',
    'QueueIndex',
    'RequestIndexInQueue',
    'FlowDistingsher',
    'ArriveTime',
    'InitialSeats',
    'FinalSeats',
    'AdditionalLatency',
    'StartTime',
    ...(detailed ? ['UserName', 'Verb', 'APIPath', 'Namespace', 'Name', 'APIVersion', 'Resource', 'SubResource'] : []),
  ]
  const row = (level: Level, ticket: Ticket, queue: number, position: number): string[] => {
    const { flow, distinguisher, work, arrived, started, info, user } = ticket
    const { resource } = info
    return [
      level.seats.name,
      flow.schema,
      String(queue),
      String(position),
      distinguisher,
      rfc3339Micro(arrived),
      String(work.seats),
      String(work.finalSeats),
      `${work.extraMs}ms`.replace(/^0ms$/, '0s'),
      started === 0 ? '' : rfc3339Micro(started),
      ...(detailed
        ? [
            user.name,
            info.verb,
            info.path,
            resource?.namespace ?? '',
            resource?.name ?? '',
            resource?.version ?? '',
            resource?.plural ?? '',
            resource?.subresource ?? '',
          ]
        : []),
    ]
  }
  const rows = levels.flatMap(level => {
    const executing = [...level.seats.executing].map(ticket =>
      row(level, ticket, level.exempt ? -1 : (ticket.queue?.index ?? -1), -1),
    )
    const waiting = level.seats.queues.flatMap(queue =>
      queue.waiting.map((ticket, position) => row(level, ticket, queue.index, position)),
    )
    return [...executing, ...waiting]
  })
  return [header, ...rows]
}
