// For browsers that cannot read the pages’ own code: says which one to use instead. Plain ES5; a change needs a new name, for caches keep it.
(function () {
  var said = false
  function say() {
    var page = document.getElementById('page')
    if (said || !page || page.firstChild) return
    said = true
    var iphone = /iPhone|iPad|iPod/.test(navigator.userAgent)
    var lines = [
      '此浏览器太旧，无法打开本页。',
      iphone ? '请用 Safari（iOS 14 或更新版本）打开。' : '请用手机自带的浏览器或较新版本的 Chrome 打开。',
      'This browser is too old for this page.',
      iphone ? 'Please use Safari on iOS 14 or newer.' : 'Please use the phone’s own browser or a recent Chrome.'
    ]
    if (/MicroMessenger/i.test(navigator.userAgent)) lines.splice(1, 1, '请点右上角 ⋯，选择“在浏览器打开”。 Tap ⋯ at the top right and choose “Open in browser”.')
    for (var i = 0; i < lines.length; i++) {
      var line = document.createElement('p')
      line.style.cssText = 'font:20px/1.5 sans-serif;padding:8px 20px;color:#12212b'
      line.appendChild(document.createTextNode(lines[i]))
      page.appendChild(line)
    }
    var field = document.createElement('input')
    field.value = location.href
    field.readOnly = true
    field.setAttribute('aria-label', '链接 Link')
    field.style.cssText = 'font:16px sans-serif;margin:8px 20px;padding:12px;width:85%'
    page.appendChild(field)
  }
  function check() {
    if (!('noModule' in document.createElement('script'))) say()
  }
  // code that is too new for this browser is a SyntaxError before anything is drawn
  window.addEventListener('error', function (event) {
    if (/SyntaxError|Unexpected token/.test(String(event.message))) document.body ? say() : document.addEventListener('DOMContentLoaded', say)
  })
  document.addEventListener('DOMContentLoaded', check)
})()
