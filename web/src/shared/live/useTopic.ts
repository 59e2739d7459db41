// A component watches a topic for as long as it is on the page.
import { useEffect, useState } from 'preact/hooks'
import type { Live } from './live'
import type { Topic } from './topic'

export function useTopic(live: Live, name: string | null): Topic | null {
  const [watched, setWatched] = useState<{ name: string; topic: Topic } | null>(null)
  useEffect(() => {
    if (name === null) return undefined
    setWatched({ name, topic: live.watchTopic(name) })
    return () => live.unwatch(name)
  }, [live, name])
  return watched !== null && watched.name === name ? watched.topic : null
}
