import BigIntegers
import Files
import Inference
import InferenceClient
import IntegerNetworks
import Quantization
import Samples

// Encrypted inference of quantized neural networks: one import for a client, a server, or both.
//
// A `Plan` is made from an ONNX model and certified. A `Client` has the secret key: it encrypts samples and decrypts replies. A
// `PreparedModel` has the plan's weights encoded, once for all clients; each client's `Server` predicts without seeing anything.

/// A certified plan: network, weights, and how they are evaluated on ciphertexts.
public typealias Plan = Inference.Plan
/// The half of a plan that a client needs. No weights.
public typealias ClientPlan = InferenceClient.ClientPlan
/// Why a network has no plan, or a plan was refused.
public typealias PlanError = Inference.PlanError
/// Finds the cheapest parameters that certify a network.
public typealias Planner = Inference.Planner
/// Which method a plan is to have, and for how many samples at once.
public typealias MethodChoice = Inference.MethodChoice
/// The name of a method.
public typealias MethodName = InferenceClient.MethodName
/// What is proven of a plan before any key is made.
public typealias Certificate = InferenceClient.Certificate
/// What a plan costs, known before any key is made.
public typealias CostEstimate = InferenceClient.CostEstimate
/// Operations by name.
public typealias OperationTally = InferenceClient.OperationTally
/// What a machine takes for single operations.
public typealias MachineSpeed = InferenceClient.MachineSpeed
/// One line of a report.
public typealias ReportEntry = InferenceClient.ReportEntry

/// The one who owns the data and the secret key.
public typealias Client = InferenceClient.Client
/// What a server needs of a client, once.
public typealias EvaluationKeySet = InferenceClient.EvaluationKeySet
/// Encrypted samples, one or many, in groups.
public typealias Request = InferenceClient.Request
/// A group of encrypted samples: what a server works on at once.
public typealias RequestGroup = InferenceClient.RequestGroup
/// What a client keeps of a request to know its replies by.
public typealias RequestHeads = InferenceClient.RequestHeads
/// Writes encrypted samples group by group.
public typealias RequestWriter = InferenceClient.RequestWriter
/// A server's answer to a request.
public typealias Reply = InferenceClient.Reply
/// The reply to a group.
public typealias ReplyGroup = InferenceClient.ReplyGroup
/// Reads replies group by group.
public typealias ReplyReader = InferenceClient.ReplyReader
/// Reads replies that arrive one after another.
public typealias ReplyStream = InferenceClient.ReplyStream
/// A decrypted prediction.
public typealias Prediction = InferenceClient.Prediction
/// The predictions of a request.
public typealias Predictions = InferenceClient.Predictions
/// What doesn't fit a plan.
public typealias InferenceError = InferenceClient.InferenceError

/// A plan with its weights encoded, once for all clients.
public typealias PreparedModel = Inference.PreparedModel
/// What predicts for one client.
public typealias Server = Inference.Server
/// Reads a request group by group.
public typealias RequestReader = Inference.RequestReader
/// Reads requests that arrive one after another.
public typealias RequestStream = Inference.RequestStream
/// Writes replies such that an interrupted run can be resumed.
public typealias ReplyFile = Inference.ReplyFile

/// What integer outputs mean.
public typealias OutputReading = InferenceClient.OutputReading
/// A quantized network.
public typealias IntegerNetwork = IntegerNetworks.IntegerNetwork
/// What goes into a network.
public typealias InputSpecification = IntegerNetworks.InputSpecification
/// How outputs become a decision.
public typealias Decision = IntegerNetworks.Decision
/// What the client applies to outputs.
public typealias OutputTransform = IntegerNetworks.OutputTransform
/// An integer of any size.
public typealias BigInt = BigIntegers.BigInt

/// Samples in memory.
public typealias SampleSet = Samples.SampleSet
/// Reads samples from IDX, NPY and CSV files.
public typealias SampleFile = Samples.SampleFile
/// Options of quantization.
public typealias QuantizationOptions = Quantization.QuantizationOptions
/// What quantization did.
public typealias QuantizationReport = Quantization.QuantizationReport

/// Why a file could not be read or written.
public typealias FileError = Files.FileError
/// Bytes at known places.
public typealias ByteSource = Files.ByteSource
/// Bytes that come one after another.
public typealias ByteStream = Files.ByteStream
/// Takes bytes one after another.
public typealias ByteSink = Files.ByteSink
/// A file opened for reading.
public typealias RegularFile = Files.RegularFile
/// A file that gets its name when it is finished.
public typealias StagedFile = Files.StagedFile
/// Bytes in memory, for reading.
public typealias MemorySource = Files.MemorySource
/// Bytes in memory, written.
public typealias MemorySink = Files.MemorySink
