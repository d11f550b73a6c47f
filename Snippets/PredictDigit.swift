// A digit is recognized by a server that never sees it.
import Blindsight

let plan = try Plan(modelAt: "Models/mnist.onnx")
let client = try Client(plan: plan.client)
let server = try Server(plan: plan, evaluationKeys: client.makeEvaluationKeys())

let digits = try SampleFile.read(path: "Samples/digits-images-idx3-ubyte")
let request = try client.encrypt(digits.sample(at: 14))
let reply = try server.predict(request)
print("The digit is a", try client.decrypt(reply).label)
