"""A classifier of texts: embedding, LSTM, the state after the last word. Once its LSTM takes the batch for the time."""

from mindspore import nn


class Classifier(nn.Cell):
    def __init__(self, batch_first):
        super().__init__()
        self.embedding = nn.Embedding(50, 12)
        self.lstm = nn.LSTM(12, 16, batch_first=batch_first)
        self.fc = nn.Dense(16, 4)

    def construct(self, words):
        states, _ = self.lstm(self.embedding(words))
        return self.fc(states[:, -1])


def classifier():
    """The axes of `nn.LSTM` are (time, batch, features) unless `batch_first` is set."""
    return Classifier(batch_first=False)


def classifier_repaired():
    return Classifier(batch_first=True)
