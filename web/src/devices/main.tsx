// The devices' registry: what there is, how it does, and what can be done with it.
import { useState } from 'preact/hooks'
import { Live } from '../shared/live/live'
import { useTopic } from '../shared/live/useTopic'
import { stillSignedIn } from '../shared/staff'
import { mount } from '../shared/ui/mount'
import { Refusal } from '../shared/ui/Refusal'
import { StaffPage } from '../shared/ui/StaffPage'
import type { Device, Me } from '../shared/wire'
import { AddDialog } from './AddDialog'
import { DeviceDialog } from './DeviceDialog'
import './devices.css'
import { Filter } from './Filter'
import { ImportDialog } from './ImportDialog'
import { Losses } from './Losses'
import { Row } from './Row'
import { fromAddress, queryOf, useListed, type Wish } from './state'
import { t } from './words'

const COLUMNS = ['columnDevice', 'state', 'columnHeard', 'wearer'] as const
type Opened = 'add' | 'import' | { readonly id: string } | null

function Tools({ total, open }: { total: number | null; open: (what: Opened) => void }) {
  return (
    <div class="head">
      <span class="soft" data-testid="devices-total">
        {total !== null && t('total', total)}
      </span>
      <span class="spring" />
      <button data-testid="import-open" onClick={() => open('import')}>
        {t('importOpen')}
      </button>
      <button class="primary" data-testid="add-open" onClick={() => open('add')}>
        {t('addOpen')}
      </button>
    </div>
  )
}

function Empty({ filtered, manages, add }: { filtered: boolean; manages: boolean; add: () => void }) {
  if (filtered) return <p class="loading">{t('nothingFound')}</p>
  return (
    <div class="loading stack" data-testid="devices-empty">
      <p>{t('empty')}</p>
      {manages && (
        <button class="primary" onClick={add}>
          {t('addFirst')}
        </button>
      )}
    </div>
  )
}

function Table({ devices, open }: { devices: readonly Device[]; open: (id: string) => void }) {
  return (
    <div class="device-table">
      <div class="device-head" aria-hidden="true">
        {/* to the eye alone: what stands in a row says itself what it is */}
        {COLUMNS.map((column) => (
          <span key={column}>{t(column)}</span>
        ))}
      </div>
      <ul class="device-list" data-testid="devices-list">
        {devices.map((device) => (
          <Row key={device.id} device={device} open={() => open(device.id)} />
        ))}
      </ul>
    </div>
  )
}

function Registry({ me }: { me: Me }) {
  const [live] = useState(() => new Live('staff', stillSignedIn))
  const [wish, setWish] = useState<Wish>(() => fromAddress(location.search))
  const [opened, setOpened] = useState<Opened>(null)
  const topic = useTopic(live, 'devices')
  const listed = useListed(wish, topic?.values.value.get('revision'))
  const manages = me.role === 'operator' || me.role === 'admin'
  const close = (): void => {
    setOpened(null)
    listed.again()
  }
  return (
    <>
      {manages && <Tools total={listed.total} open={setOpened} />}
      <Filter wish={wish} change={(part) => setWish((before) => ({ ...before, ...part }))} />
      <Refusal problem={listed.problem} />
      {listed.problem && <button onClick={listed.again}>{t('retry')}</button>}
      {!listed.devices && !listed.problem && <p class="loading">{t('loading')}</p>}
      {listed.devices?.length === 0 && <Empty filtered={queryOf(wish) !== ''} manages={manages} add={() => setOpened('add')} />}
      {listed.devices && listed.devices.length > 0 && <Table devices={listed.devices} open={(id) => setOpened({ id })} />}
      {listed.next && (
        <button data-testid="devices-more" onClick={listed.more}>
          {t('more')}
        </button>
      )}
      {manages && <Losses open={(id) => setOpened({ id })} />}
      {opened === 'add' && <AddDialog live={live} me={me} close={close} />}
      {opened === 'import' && <ImportDialog close={close} />}
      {opened && typeof opened === 'object' && <DeviceDialog key={opened.id} id={opened.id} live={live} me={me} close={close} />}
    </>
  )
}

function Page() {
  return (
    <StaffPage here="devices" title={t('devices')}>
      {(me) => <Registry me={me} />}
    </StaffPage>
  )
}

mount(Page, () => t('title'))
