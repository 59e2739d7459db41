// A refusal in the page's words; where rules stand behind it, each with its sentence and its article.
import type { Problem } from '../api'
import { language } from '../language'
import type { RuleRefusal } from '../wire'
import { problemText } from '../words'

export function ruleText(refusal: RuleRefusal): string {
  return language.value === 'zh-CN' ? refusal.sentence_zh : refusal.sentence
}

export function Rules({ refusals }: { refusals: readonly RuleRefusal[] }) {
  return (
    <ul class="rules">
      {refusals.map((refusal) => (
        <li data-testid="refusal-rule" data-rule={refusal.rule}>
          {ruleText(refusal)} <small>{refusal.article}</small>
        </li>
      ))}
    </ul>
  )
}

export function Refusal({ problem }: { problem: Problem | null }) {
  if (!problem) return null
  const refusals = problem.extras['refusals']
  return (
    <div class="wrong" role="alert" data-testid="refusal" data-problem={problem.slug}>
      <p>{problemText(problem)}</p>
      {Array.isArray(refusals) && <Rules refusals={refusals as RuleRefusal[]} />}
    </div>
  )
}
