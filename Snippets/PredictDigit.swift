// A digit is recognized by a server that never sees it.

import Blindsight

let plan = try Plan(model: "Models/mnist.onnx")
let client = try Client(plan.client)
let model = try PreparedModel(plan)
let server = try model.server(for: client.evaluationKeys())

let digits = try SampleFile.read(path: "Samples/digits-images-idx3-ubyte")
let request = try client.encrypt(digits.sample(at: 14))
let reply = try server.predict(request)
let prediction = try client.decrypt(reply, of: request)[0]
print("The digit is a", prediction.label)
