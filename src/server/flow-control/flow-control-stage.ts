import type { Clock } from '../../machinery/clock.js'
import type { ApiResponse } from '../../machinery/http.js'
import { isLongRunning, tooMany } from '../in-flight.js'
import type { RequestContext, Stage } from '../pipeline.js'
import type { Assignment, FlowControl } from './flow-control.js'
import { Rejected, type Ticket } from './priority-level.js'
import { RetryAfter } from './retry-after.js'
import type { WorkEstimator } from './work-estimate.js'

/**
 * Gives every request from outside its turn. Requests of components in the same process, and those that last as long as
 * their client likes, pass; a watch has its seat only until it has begun.
 */
export function flowControlStage(control: FlowControl, estimate: WorkEstimator, clock: Clock): Stage {
  const retryAfter = new Map<string, RetryAfter>()

  const rejected = (assignment: Assignment): ApiResponse => {
    const { name } = assignment.level.seats
    let pause = retryAfter.get(name)
    if (!pause) retryAfter.set(name, (pause = new RetryAfter(clock)))
    return tooMany(pause.next())
  }

  const serve = (ticket: Ticket, { level: { seats } }: Assignment, next: () => Promise<ApiResponse>) => {
    const end = () => seats.end(ticket)
    try {
      const answer = next()
      answer.then(end, end)
      return answer
    } catch (error) {
      end()
      throw error
    }
  }

  const later = async (
    pending: Promise<Ticket>,
    assignment: Assignment,
    next: () => Promise<ApiResponse>,
  ): Promise<ApiResponse> => {
    let ticket: Ticket
    try {
      ticket = await pending
    } catch (error) {
      if (error instanceof Rejected) return rejected(assignment)
      throw error
    }
    return serve(ticket, assignment, next)
  }

  return (context: RequestContext, next) => {
    const { request, info, user } = context
    if (request.user || (isLongRunning(info) && info.verb !== 'watch')) return next()
    const assignment = control.assign(info, user)
    const { level } = assignment
    context.flow = assignment.names
    const work = estimate(info, request.query, level.maximumSeats)
    let turn: Ticket | Promise<Ticket>
    try {
      turn = level.seats.begin(assignment, assignment.distinguisher(info, user), work, context, () => request.signal)
    } catch (error) {
      if (error instanceof Rejected) return Promise.resolve(rejected(assignment))
      throw error
    }
    return turn instanceof Promise ? later(turn, assignment, next) : serve(turn, assignment, next)
  }
}
