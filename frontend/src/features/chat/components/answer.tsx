/** One answer, live or from the history: the same tree before and after its end. */
import { memo, useMemo } from "react";
import { IconButton } from "@/components/ui/button";
import { CopyButton } from "@/components/ui/copy-button";
import { AnswerChip } from "@/features/chat/components/answer-chip";
import { CancelledBox, FailureBox, SwitchNotes } from "@/features/chat/components/answer-notices";
import { ToolCalls } from "@/features/chat/components/tool-calls";
import { MarkdownText } from "@/features/chat/markdown/markdown-text";
import type { FollowedRun } from "@/features/chat/stream/run-follower";
import { initialRunState, isEnded, stateOfMessage, type RunState } from "@/features/chat/stream/run-state";
import type { Message, Problem, ProvidersStatus } from "@/types/wire";

interface AnswerProps {
  /** What the history holds, or null while only the live run has it. */
  message: Message | null;
  live: FollowedRun | null;
  question: Message | undefined;
  providers: ProvidersStatus | undefined;
  onAskAgain: (question: Message) => void;
  canRetry: boolean;
}

const UNEXPLAINED: Problem = {
  type: "about:blank",
  title: "The answer failed",
  status: 500,
  detail: "The server gave no explanation.",
  code: "internal_error",
};

export const Answer = memo(function Answer(props: AnswerProps) {
  const { message, live, providers } = props;
  const state = useMemo(() => stateOf(message, live), [message, live]);
  const failure = refusalOf(live) ?? failureOf(state);
  const simulated = providers?.[state.provider ?? ""]?.simulated ?? false;
  return (
    <article
      aria-label={state.provider ? `Answer from ${state.provider}` : "Answer"}
      aria-busy={!isEnded(state.status) && !failure}
      data-testid="answer"
      data-status={state.status}
      data-run-id={state.runId}
    >
      <SwitchNotes state={state} />
      <ToolCalls tools={state.tools} skewMs={live?.skewMs ?? 0} />
      <AnswerText text={state.text} status={state.status} />
      <Ending {...props} state={state} simulated={simulated} failure={failure} />
    </article>
  );
});

function AnswerText({ text, status }: Pick<RunState, "text" | "status">) {
  const live = !isEnded(status);
  if (text) return <MarkdownText text={text} live={live} />;
  if (live) return <Placeholder />;
  return status === "completed" ? (
    <p className="text-sm text-ink-2">The model sent an empty answer.</p>
  ) : null;
}

interface EndingProps extends Pick<AnswerProps, "question" | "onAskAgain" | "canRetry"> {
  state: RunState;
  simulated: boolean;
  failure: Problem | null;
}

/** What stands under an answer when it is over: an honest box if need be, its chip, its buttons. */
function Ending({ state, simulated, failure, question, onAskAgain, canRetry }: EndingProps) {
  if (!isEnded(state.status) && !failure) return null;
  const retry = () => question && canRetry && onAskAgain(question);
  return (
    <div className="mt-3 space-y-3">
      {failure && <FailureBox problem={failure} state={state} onRetry={retry} />}
      {state.status === "cancelled" && <CancelledBox hasText={state.text !== ""} onRetry={retry} />}
      <div className="flex flex-wrap items-start gap-1.5 empty:hidden">
        {!failure && <AnswerChip state={state} simulated={simulated} />}
        {state.text && <CopyButton label="Copy answer" text={() => state.text} />}
        {state.status === "completed" && question && (
          <IconButton icon="retry" label="Ask again" disabled={!canRetry} onClick={retry} small />
        )}
      </div>
    </div>
  );
}

/** Quiet lines where the text will be. What is going on is said in words by the status line. */
function Placeholder() {
  return (
    <div aria-hidden="true" className="answer-placeholder">
      <i />
      <i />
      <i />
    </div>
  );
}

function refusalOf(live: FollowedRun | null): Problem | null {
  return live?.link.kind === "refused" ? live.link.problem.problem : null;
}

function failureOf(state: RunState): Problem | null {
  return state.status === "failed" ? (state.error ?? UNEXPLAINED) : null;
}

function stateOf(message: Message | null, live: FollowedRun | null): RunState {
  if (message) return stateOfMessage(message);
  return live?.state ?? initialRunState("");
}
