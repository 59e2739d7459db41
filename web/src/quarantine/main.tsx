// Quarantine: what devices sent and nobody could read. Looked through, corrected, replayed or dismissed.
import { useEffect, useState } from 'preact/hooks'
import { get, toProblem, type Problem } from '../shared/api'
import { mount } from '../shared/ui/mount'
import { Refusal } from '../shared/ui/Refusal'
import { StaffPage } from '../shared/ui/StaffPage'
import type { Quarantined, QuarantinePage } from '../shared/wire'
import { fromAddress, queryOf, type Wish } from './choose'
import { Filter } from './Filter'
import { Open } from './Open'
import './quarantine.css'
import { Row } from './Row'
import { t } from './words'

interface Found {
  readonly rows: readonly Quarantined[]
  readonly more: boolean
}

/** Page by page; a new wish begins anew, and an answer to an older one is passed over. */
function useFound(wish: Wish, turn: number) {
  const [found, setFound] = useState<Found | null>(null)
  const [problem, setProblem] = useState<Problem | null>(null)
  const query = queryOf(wish)
  useEffect(() => {
    let gone = false
    setProblem(null)
    get<QuarantinePage>(`/quarantine?${query}`).then(
      (page) => gone || setFound(page),
      (error: unknown) => gone || setProblem(toProblem(error)),
    )
    return () => {
      gone = true
    }
  }, [query, turn])
  const more = async (): Promise<void> => {
    const last = found?.rows[found.rows.length - 1]
    if (!found || !last) return
    const page = await get<QuarantinePage>(`/quarantine?${query}&after=${last.id}`)
    setFound({ rows: [...found.rows, ...page.rows], more: page.more })
  }
  return { found, problem, more: () => void more().catch((error: unknown) => setProblem(toProblem(error))) }
}

function List() {
  const [wish, setWish] = useState<Wish>(() => fromAddress(location.search))
  const [turn, setTurn] = useState(0)
  const [openId, setOpenId] = useState<string | null>(null)
  const { found, problem, more } = useFound(wish, turn)
  const close = (): void => {
    setOpenId(null)
    setTurn((before) => before + 1)
  }
  return (
    <>
      <p class="soft">{t('hint')}</p>
      <Filter wish={wish} change={setWish} />
      <Refusal problem={problem} />
      {problem && <button onClick={() => setTurn((before) => before + 1)}>{t('retry')}</button>}
      {!found && !problem && <p class="loading">{t('loading')}</p>}
      {found && found.rows.length === 0 && <p class="loading" data-testid="quarantine-empty">{t(queryOf(wish) === queryOf(fromAddress('')) ? 'empty' : 'nothingFound')}</p>}
      {found && found.rows.length > 0 && (
        <ul class="held" data-testid="quarantine-rows">
          {found.rows.map((message) => (
            <Row key={message.id} message={message} open={() => setOpenId(message.id)} />
          ))}
        </ul>
      )}
      {found?.more && (
        <button data-testid="quarantine-more" onClick={more}>
          {t('older')}
        </button>
      )}
      {openId && <Open id={openId} close={close} />}
    </>
  )
}

function Page() {
  return (
    <StaffPage here="quarantine" title={t('quarantine')}>
      {(me) => (me.role === 'operator' ? <List /> : <p class="message bad">{t('notForYou')}</p>)}
    </StaffPage>
  )
}

mount(Page, () => t('title'))
