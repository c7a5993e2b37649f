// The little of DOM work that the parts of the page share.

export const byId = id => document.getElementById(id)

/** Makes an element; of `properties`, `class` and what has a dash are attributes. */
export function el (tag, properties = {}, ...children) {
  const node = document.createElement(tag)
  for (const [name, value] of Object.entries(properties)) {
    if (name === 'class' || name.includes('-') || name === 'role') node.setAttribute(name, value)
    else node[name] = value
  }
  node.append(...children)
  return node
}

export function svg (tag, attributes = {}, ...children) {
  const node = document.createElementNS('http://www.w3.org/2000/svg', tag)
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value)
  node.append(...children)
  return node
}

/** Without a change nothing is touched: selections and screen readers stay where they are. */
export function setText (node, text) {
  if (node.textContent !== text) node.textContent = text
}

export function setAttribute (node, name, value) {
  if (node.getAttribute(name) !== String(value)) node.setAttribute(name, value)
}

/**
 * Makes the children of `parent` those of `items`, in order; a child stays the same element as long as its key is there.
 * @template T
 * @param {Element} parent @param {T[]} items @param {(item: T) => string} keyOf
 * @param {(item: T) => Element} make @param {(node: Element, item: T) => void} update
 */
export function keyed (parent, items, keyOf, make, update) {
  const known = parent.keyed ??= new Map()
  const wanted = new Map(items.map(item => [keyOf(item), item]))
  for (const [key, node] of known) {
    if (wanted.has(key)) continue
    node.remove()
    known.delete(key)
  }
  let next = parent.firstElementChild
  for (const [key, item] of wanted) {
    let node = known.get(key)
    if (!node) known.set(key, node = make(item))
    if (node === next) next = next.nextElementSibling
    else parent.insertBefore(node, next)
    update(node, item)
  }
}
