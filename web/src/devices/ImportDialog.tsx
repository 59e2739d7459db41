// Many devices from a table: looked at first, row by row, then added all at once; the credentials come as a file, once.
import { useState } from 'preact/hooks'
import { Dialog } from '../shared/ui/Dialog'
import { Refusal } from '../shared/ui/Refusal'
import { useAct } from '../shared/ui/useAct'
import type { ImportReport } from '../shared/wire'
import { columnText, rowErrorText } from './deviceWords'
import { checkFile, importFile, save } from './importing'
import { t } from './words'

const LARGEST_BYTES = 1024 * 1024

function Errors({ report }: { report: ImportReport }) {
  return (
    <ul class="row-errors" data-testid="import-errors">
      {report.errors.map((error) => (
        <li>
          <b class="num">{t('rowNo', error.row)}</b> {error.column && columnText(error.column)} <span class="wrong">{rowErrorText(error.reason)}</span> <bdi class="soft">{error.detail}</bdi>
        </li>
      ))}
      {(report.more_errors ?? 0) > 0 && <li>{t('moreErrors', report.more_errors ?? 0)}</li>}
    </ul>
  )
}

function Report({ report }: { report: ImportReport }) {
  return (
    <div class="stack" role="status" data-testid="import-report">
      <p class={report.errors.length ? 'message bad' : 'message ok'}>{report.errors.length ? t('importWrong', report.errors.length + (report.more_errors ?? 0)) : t('importGood', report.new, report.existing)}</p>
      {report.errors.length > 0 && <Errors report={report} />}
    </div>
  )
}

/** A download that got lost, or an answer: nobody has these credentials, and nobody can read them again. */
function Reissue({ report, chosen, choose }: { report: ImportReport; chosen: boolean; choose: (chosen: boolean) => void }) {
  if (!report.unheard || report.errors.length) return null
  return (
    <div class="choices">
      <label>
        <input type="checkbox" data-testid="import-reissue" checked={chosen} onChange={(event) => choose(event.currentTarget.checked)} /> {t('reissue', report.unheard)}
      </label>
      {chosen && <p class="message">{t('reissueMeans')}</p>}
    </div>
  )
}

export function ImportDialog({ close }: { close: () => void }) {
  const [file, setFile] = useState<File | null>(null)
  const [report, setReport] = useState<ImportReport | null>(null)
  const [reissue, setReissue] = useState(false)
  const [saved, setSaved] = useState(false)
  const check = useAct()
  const add = useAct()
  const choose = (chosen: File | null): void => {
    setFile(chosen)
    setReport(null)
    setReissue(false)
    setSaved(false)
    add.forget()
    if (chosen) void check.run(async () => setReport(await checkFile(chosen)))
  }
  const submit = async (): Promise<void> => {
    if (!file) return
    save(await importFile(file, reissue), 'device-credentials.csv')
    setSaved(true)
  }
  const nothing = !report || report.errors.length > 0 || (report.new === 0 && !reissue)
  const large = file !== null && file.size > LARGEST_BYTES
  return (
    <Dialog title={t('importTitle')} close={close} testid="import-dialog">
      <p class="soft">{t('importMeans')}</p>
      <pre class="sample">{'maker,model,serial,label\nContec,PM10,AB12,Oximeter 1'}</pre>
      <label class="field">
        <span>{t('importFile')}</span>
        <input type="file" accept=".csv,text/csv" data-testid="import-file" onChange={(event) => choose(event.currentTarget.files?.[0] ?? null)} />
      </label>
      {large && <p class="wrong">{t('importLarge')}</p>}
      {check.busy && <p class="soft">{t('loading')}</p>}
      <Refusal problem={check.problem ?? add.problem} />
      {check.problem?.slug === 'csv-refused' && <p class="wrong">{rowErrorText(String(check.problem.extras['reason']))}</p>}
      {report && !saved && <Report report={report} />}
      {report && !saved && <Reissue report={report} chosen={reissue} choose={setReissue} />}
      {saved && (
        <p class="message ok" role="status" data-testid="import-saved">
          {t('importSaved')}
        </p>
      )}
      <div class="actions">
        <button data-testid="import-close" onClick={close}>
          {saved ? t('done') : t('cancel')}
        </button>
        {!saved && (
          <button class="primary" data-testid="import-submit" disabled={nothing || add.busy || large} onClick={() => void add.run(submit)}>
            {reissue && !report?.new ? t('reissueAdd') : t('importAdd', report?.new ?? 0)}
          </button>
        )}
      </div>
    </Dialog>
  )
}
