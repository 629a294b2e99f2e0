exports.handler = async (event) => {
  const name = event.name ?? 'world'
  console.log(`Saying hello to ${name}`)
  return { message: `Hello ${name}, from JavaScript` }
}
