// Keeps the screen of a waiting patient on where the browser can: a locked phone does not ring.
import { useEffect } from 'preact/hooks'

export function useAwake(): void {
  useEffect(() => {
    if (!('wakeLock' in navigator)) return undefined
    let lock: WakeLockSentinel | null = null
    const hold = (): void => {
      if (document.visibilityState !== 'visible') return
      navigator.wakeLock.request('screen').then(
        (held) => (lock = held),
        () => undefined, // low battery: not granted, nothing to do
      )
    }
    hold()
    document.addEventListener('visibilitychange', hold)
    return () => {
      document.removeEventListener('visibilitychange', hold)
      void lock?.release()
    }
  }, [])
}
