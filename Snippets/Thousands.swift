// Thousands of samples, through files. Both sides work group by group, so that no more than a group is in memory, and a
// server that is interrupted can go on after the groups that it has done.

import Blindsight

var options = PlanningOptions()
// A group is made for about so many; 8192 and more a group are faster still.
options.method = .features(samples: 1000)
let plan = try Plan(model: "Models/mnist.onnx", options: options)
let client = try Client(plan.client)
let server = try PreparedModel(plan).server(for: client.evaluationKeys())

let digits = try SampleFile.read(path: "Samples/digits-images-idx3-ubyte")
let samples = (0..<3000).map { digits.sample(at: $0 % digits.count) }
let requestPath = ".build/thousands-request.ct"
let replyPath = ".build/thousands-reply.ct"

// The client. The file gets its name when it is finished.
let file = try StagedFile(requestPath)
let writer = try RequestWriter(client, sampleCount: samples.count, to: file)
while !writer.nextSamples.isEmpty {
    try writer.append(client.quantize(Array(samples[writer.nextSamples])))
}
try file.finish()

// The server. What an interrupted run left is kept, and the rest is done.
let reader = try RequestReader(RegularFile(requestPath), server: server)
let replies = try ReplyFile(
    path: replyPath, request: reader.heads, plan: plan.client, resumes: false)
while replies.groupsDone < reader.groupCount {
    try replies.append(server.predict(reader.group(replies.groupsDone)))
}
try replies.finish()

// The client again. The heads of its request's groups tell a reply to them from any other.
let heads = try RequestHeads(RegularFile(requestPath), plan: client.plan)
let answers = try ReplyReader(RegularFile(replyPath), client: client)
try answers.requireReplies(to: heads)
let expected = try plan.simulate(samples)
var sample = 0
for group in 0..<answers.groupCount {
    for prediction in try answers.predictions(group, of: heads) {
        precondition(
            prediction.logits == expected[sample].logits,
            "an encrypted logit is not the integer network's")
        sample += 1
    }
}
print(sample, "digits in", answers.groupCount, "groups, every logit exact")
